/** The command line of the edge. */
import { Command, Option } from 'commander';
import { EdgeError, exitCodes, messageOf } from '../errors.ts';
import { defaultStateDirectory, statePaths } from '../state/paths.ts';
import { softwareVersion } from '../version.ts';

const examples = `
Examples:
  patronus edge run --token pat1.eyJ1Ijpb…      enrol with the token, then run
  patronus edge run                             run with the identity there is
  patronus edge run --supervise                 the same, started again if it is killed
  patronus edge enrol pat1.eyJ1Ijpb…            enrol only
  patronus edge status --json                   what it does, for programs
  patronus edge explain --from 10.1.0.7 --to 10.2.0.9 --protocol tcp --port 443
  patronus edge record --since 10m > outage.jsonl
  patronus edge uninstall --wipe                take out rules, routes and identity`;

const stateOption = ['--state <directory>', 'where identity, keys and the last good configuration are kept'] as const;

/** Parses and runs; sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command('patronus edge')
    .description('the gateway of a site')
    .version(softwareVersion)
    .showHelpAfterError('(--help shows all commands)')
    .addHelpText('after', examples);

  program
    .command('run')
    .description('enrol if there is no identity yet, then run until stopped')
    .option(...stateOption, defaultStateDirectory)
    .addOption(new Option('--token <token>', 'enrolment token, needed the first time only').env('PATRONUS_TOKEN'))
    .option('--trial-seconds <seconds>', 'how long a new configuration may take to prove itself', seconds, 30)
    .option('--log-level <level>', 'fatal, error, warn, info, debug or trace', 'info')
    .option('--supervise', 'start the edge again if it dies')
    .addOption(new Option('--supervisor <pid>').argParser(Number).hideHelp())
    .action(async ({ state, token, trialSeconds, logLevel, supervise, supervisor }) => {
      if (supervise) return (await import('./supervise.ts')).supervise(argv);
      const { run } = await import('./run.ts');
      await run({ paths: statePaths(state), token, trialMs: trialSeconds * 1_000, logLevel, supervisor });
    });

  program
    .command('enrol')
    .description('become an edge of the site that the token is for')
    .argument('<token>', 'the line that begins with pat1.')
    .option(...stateOption, defaultStateDirectory)
    .action(async (token, { state }) => {
      const { enrolHere } = await import('./enrol.ts');
      const identity = await enrolHere(statePaths(state), token);
      console.log(`Enrolled as ${identity.edgeName}, site ${identity.siteName}. Start it with \`patronus edge run\`.`);
    });

  program
    .command('status')
    .description('what the running edge does')
    .option(...stateOption, defaultStateDirectory)
    .option('--json', 'for programs')
    .action(async ({ state, json }) => {
      const { showStatus } = await import('./status.ts');
      await showStatus(statePaths(state), json === true);
    });

  program
    .command('explain')
    .description('why traffic takes its path, from this edge alone')
    .requiredOption('--from <address>', 'where it comes from')
    .requiredOption('--to <address>', 'where it goes to')
    .option('--port <number>', 'port of its destination')
    .option('--protocol <name>', 'tcp, udp, icmp, icmpv6 or a number')
    .option(...stateOption, defaultStateDirectory)
    .option('--json', 'for programs')
    .action(async ({ state, ...options }) => {
      const { showExplanation } = await import('./explain.ts');
      await showExplanation(statePaths(state), options);
    });

  program
    .command('record')
    .description('print what steering heard and decided lately, for `patronus replay`')
    .option('--since <duration>', 'the latest 90s, 10m or 2h instead of all that is remembered')
    .option(...stateOption, defaultStateDirectory)
    .addHelpText(
      'after',
      '\nWhat is remembered is in memory, an hour of it or more: it does not survive a restart of the edge.',
    )
    .action(async ({ state, since }) => {
      const { showRecording } = await import('./record.ts');
      await showRecording(statePaths(state), since);
    });

  program
    .command('uninstall')
    .description('take everything of the edge out of the kernel, the fail-closed routes too')
    .option(...stateOption, defaultStateDirectory)
    .option('--wipe', 'remove identity, keys and configuration as well')
    .action(async ({ state, wipe }) => {
      const { uninstall } = await import('./uninstall.ts');
      await uninstall(statePaths(state), wipe === true);
    });

  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    const isKnown = error instanceof EdgeError || (error instanceof Error && error.name === 'LinuxError');
    console.error(`patronus edge: ${isKnown ? messageOf(error) : error instanceof Error ? error.stack : error}`);
    process.exit(error instanceof EdgeError ? error.exitCode : exitCodes.failed);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 60)) {
    throw new EdgeError('BAD_OPTION', `--trial-seconds ${text}: give a number up to 60`, exitCodes.usage);
  }
  return value;
}
