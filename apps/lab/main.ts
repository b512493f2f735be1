/**
 * `patronus lab`: a whole SD-WAN in network namespaces on one Linux machine. The demo, the test bed and the benchmark.
 *
 * It makes nothing outside namespaces and interfaces whose names begin with `pt`, and takes all of it away again.
 */
import { Command, CommanderError } from 'commander';
import { errorReport, exitCodes, LabError } from './errors.ts';

const program = new Command('patronus lab')
  .description(
    'A whole SD-WAN on this machine: sites, uplinks to cut and spoil, hosts behind them. Needs Linux and root.',
  )
  .enablePositionalOptions()
  .exitOverride()
  .addHelpText(
    'after',
    `
A first drill:
  patronus lab up
  patronus lab exec berlin ping 10.2.0.10       (leave it running, and in a second terminal:)
  patronus lab cut berlin internet              the ping goes on over lte
  patronus lab down

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 needs root, 4 the lab is not up, 5 it is up already.`,
  );
/** Only the asked one is loaded: `cut` and `exec` shall answer at once. */
const commands: Readonly<Record<string, () => Promise<{ readonly register: (program: Command) => void }>>> = {
  up: () => import('./commands/up.ts'),
  down: () => import('./commands/down.ts'),
  status: () => import('./commands/status.ts'),
  exec: () => import('./commands/exec.ts'),
  cut: () => import('./commands/cut.ts'),
  restore: () => import('./commands/restore.ts'),
  impair: () => import('./commands/impair.ts'),
  check: () => import('./commands/check.ts'),
};
const asked = commands[process.argv[2] ?? ''];
for (const load of asked === undefined ? Object.values(commands) : [asked]) (await load()).register(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = complain(error);
}

function complain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const { code, message, exitCode } = errorReport(error);
  console.error(`patronus lab: ${message} [${code}]`);
  if (!(error instanceof LabError)) console.error(error);
  if (process.argv.includes('--json')) console.log(JSON.stringify({ ok: false, error: { code, message } }));
  return exitCode;
}
