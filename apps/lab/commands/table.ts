/** Tables for people. */
import Table from 'cli-table3';

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] }, chars: plainLines });
  table.push(...rows.map((row) => [...row]));
  console.log(table.toString());
}

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
