/** Options that every command has. */
import { type Command, Option } from 'commander';
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
    .addOption(
      new Option('--name <name>', 'which lab, if several are up at once')
        .env('PATRONUS_LAB')
        .default('lab')
        .argParser(checkLabName),
    )
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

export const printJson = (value: unknown) => console.log(JSON.stringify(value));
