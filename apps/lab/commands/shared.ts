/** Options that every command has, and how commands print. */
import Table from 'cli-table3';
import type { Command } from 'commander';
import { notUp } from '../control.ts';
import type { Layout } from '../layout.ts';
import { checkLabName } from '../names.ts';
import { type LabPaths, labPaths, readRecord } from '../state.ts';

export interface CommonOptions {
  readonly name: string;
  readonly state?: string;
  readonly json?: boolean;
}

export function withCommonOptions(command: Command): Command {
  return command
    .option('--name <name>', 'which lab, if several are up at once', checkLabName, 'lab')
    .option('--state <folder>', 'where labs keep their state (default: $PATRONUS_STATE_DIR, else .patronus here)');
}

export const withJson = (command: Command) => command.option('--json', 'print JSON for programs');

export const pathsOf = (options: CommonOptions): LabPaths => labPaths(options.name, options.state);

/** The layout of a lab that has been brought up from this folder. */
export function layoutOf(options: CommonOptions): Layout {
  const layout = readRecord(pathsOf(options));
  if (layout === undefined) throw notUp();
  return layout;
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] }, chars: plainLines });
  table.push(...rows.map((row) => [...row]));
  console.log(table.toString());
}

export const printJson = (value: unknown) => console.log(JSON.stringify(value));

/** Columns apart by blanks, one line under the head: easy on the eye, and on grep. */
const plainLines = {
  ...Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map((k) => [
      k,
      '',
    ]),
  ),
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: ' ' },
};
