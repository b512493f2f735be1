/** `patronus replay`: does an outage again from an edge's recording, here, without any controller. */
import { readFileSync } from 'node:fs';
import { type Replay, replay as replayLines } from '@patronus/steering';
import { Command } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine, printTable } from '../output.ts';

const examples = `
Examples:
  $ patronus edge record --since 10m > outage.jsonl     on the gateway
  $ patronus replay outage.jsonl                        anywhere`;

/** Exit code 1 when the decisions differ from those that were recorded. */
export function replay(): Command {
  return new Command('replay')
    .description('do the decisions of a recorded outage again, and compare')
    .argument('<file>', 'what `patronus edge record` printed; - for the standard input')
    .option('--json', 'one JSON value for programs')
    .addHelpText('after', examples)
    .action((file: string, options: { json?: boolean }) => {
      const replayed = replayLines(read(file).split('\n'));
      if (!replayed.ok) throw new CliError(`${file}: ${replayed.error}`, ExitCode.usage, 'BAD_RECORDING');
      const { state: _tooMuch, ...told } = replayed.value;
      if (options.json === true) printJson({ ...told, identical: told.difference === null });
      else print(told);
      if (told.difference !== null) process.exitCode = ExitCode.failed;
    });
}

function print({ what, events, fromMs, toMs, decisions, recorded, difference }: Omit<Replay, 'state'>): void {
  if (what !== null) printLine(what);
  printTable(
    decisions,
    [
      { header: 'After', cell: ({ atMs }) => `${((atMs - fromMs) / 1_000).toFixed(2)} s`, align: 'right' },
      { header: 'Number', cell: ({ number }) => String(number), align: 'right' },
      { header: 'Treatment', cell: ({ treatment }) => treatment },
      { header: 'To', cell: ({ edgeId }) => edgeId },
      { header: 'Rule', cell: ({ rule }) => rule },
      { header: 'Why', cell: ({ reason }) => reason },
    ],
    'Nothing was decided.',
  );
  printLine(`${events} events in ${((toMs - fromMs) / 1_000).toFixed(1)} s, ${decisions.length} decisions.`);
  if (recorded === 0 && decisions.length > 0) printLine('The recording holds no decisions to compare with.');
  else printLine(difference === null ? 'identical' : `different: ${difference}`);
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, ExitCode.usage, 'NO_FILE');
  }
}
