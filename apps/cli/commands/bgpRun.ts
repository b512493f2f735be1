/** `patronus bgp run` and `check`: a speaker by itself, and whether its configuration is one. */
import { readFileSync } from 'node:fs';
import { describeError, type RouterConfiguration, readConfiguration } from '@patronus/router';
import { Router } from '@patronus/router/host';
import { Command } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { printLine } from '../output.ts';
import { inWords } from './bgpReload.ts';

const help = `
The configuration is YAML; docs/bgp.md teaches it. The least there can be:

  router: { as: 64500, identifier: 192.0.2.10 }
  networks: [198.51.100.0/24]
  neighbours:
    - { address: 192.0.2.1, as: 64501, import: accept, export: accept }

A neighbour of another AS without \`import\` and \`export\` gives and gets nothing (RFC 8212).`;

export function bgpCheck(): Command {
  return new Command('check')
    .description('read a configuration and tell every mistake, with line and column')
    .requiredOption('--config <file>', 'the configuration')
    .action((options: { config: string }) => {
      const { speaker } = configurationFrom(options.config);
      printLine(`${options.config}: AS ${speaker.as} with ${speaker.neighbours.length} neighbours; nothing is wrong`);
    });
}

export function bgpRun(): Command {
  return new Command('run')
    .description('speak BGP as a configuration says, until SIGTERM or Ctrl-C; SIGHUP: read it again')
    .requiredOption('--config <file>', 'the configuration')
    .option('--socket <path>', 'where `patronus bgp show` asks; instead of what the configuration says')
    .option('--quiet', 'say nothing while all goes well')
    .addHelpText('after', help)
    .action(async (options: { config: string; socket?: string; quiet?: boolean }) => {
      const read = (): RouterConfiguration => {
        const written = configurationFrom(options.config);
        return options.socket === undefined ? written : { ...written, controlSocket: options.socket };
      };
      const log = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
      const say = options.quiet === true ? () => undefined : log;
      const router = await Router.start({ configuration: read(), read, log: say });
      process.on('SIGHUP', () => {
        const told = router.reload().then((done) => say(`${options.config} was read again: ${inWords(done)}`));
        told.catch((error: Error) => log(`${error.message}\neverything stays as it was`));
      });
      await new Promise<void>((resolve) => {
        const end = () => void router.stop().then(resolve);
        process.once('SIGTERM', end);
        process.once('SIGINT', end);
      });
      process.exit(0);
    });
}

function configurationFrom(file: string): RouterConfiguration {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, ExitCode.usage, 'NO_FILE');
  }
  const read = readConfiguration(text);
  if (read.ok) return read.value;
  const told = read.error.map((error) => describeError(file, error));
  throw new CliError(told.join('\n'), ExitCode.usage, 'BAD_CONFIGURATION');
}
