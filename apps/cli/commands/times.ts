/** Times as people type them: `2h` ago, or a clock time. */
import { CliError, ExitCode } from '../errors.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** ISO 8601 of `90s`, `30m`, `2h`, `7d`, `1w` ago, or of a time such as 2026-01-31T12:00. */
export function timeOf(text: string, option: string, now: number): string {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  const at = ago === null ? Date.parse(text) : now - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs];
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new CliError(
    `${option} ${text}: give how long ago, such as 30m, 2h or 7d, or a time such as 2026-01-31T12:00`,
    ExitCode.usage,
    'USAGE',
  );
}

/** Local time to the second. */
export function clock(iso: string): string {
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
