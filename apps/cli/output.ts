/** Tables for people, JSON for programs. */
import Table from 'cli-table3';

export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/** Prints rows under their headers, or `empty` when there are none. */
export function printTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): void {
  if (rows.length === 0) {
    process.stdout.write(`${empty}\n`);
    return;
  }
  const table = new Table({
    head: columns.map((column) => column.header),
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: isColourful() ? ['bold'] : [], border: isColourful() ? ['grey'] : [] },
  });
  for (const row of rows) table.push(columns.map((column) => column.cell(row)));
  process.stdout.write(`${table.toString()}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

const colours = {
  UP: 32,
  ONLINE: 32,
  CURRENT: 32,
  DEGRADED: 33,
  CONNECTING: 33,
  APPLYING: 33,
  DOWN: 31,
  OFFLINE: 31,
  REVOKED: 31,
  RETURNED: 31,
};

/** A state in lower case, coloured on a terminal. */
export function state(name: string): string {
  const colour = (colours as Record<string, number | undefined>)[name];
  const text = name.toLowerCase();
  return colour === undefined || !isColourful() ? text : `\u001b[${colour}m${text}\u001b[39m`;
}

function isColourful(): boolean {
  return process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
}

/** Bits a second in the unit that reads best. */
export function bitrate(bitsPerSecond: number): string {
  const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'] as const;
  const power = bitsPerSecond < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bitsPerSecond) / 3));
  const value = bitsPerSecond / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`;
}

export function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

export function percent(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(value > 0 && value < 10 ? 1 : 0)} %`;
}
