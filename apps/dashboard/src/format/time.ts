/** Durations and moments for people. All of it is pure: `now` comes in, nothing reads a clock. */

/** A round-trip time in milliseconds; unknown is a dash, never a zero. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  return `${ms.toFixed(0)} ms`;
}

const steps: readonly (readonly [seconds: number, letter: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** `2 h 5 min`, `14 s`: the two largest units that say something. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [seconds, letter] of steps) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count} ${letter}`);
    // Beside a day, minutes say nothing any more; beside an empty unit, the next one neither.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** How long ago `iso` was at `now` (Unix ms). A few seconds are `just now`, so that tables do not flicker. */
export function formatAgo(iso: string | null | undefined, now: number): string {
  if (!iso) return 'never';
  const ms = now - Date.parse(iso);
  if (Number.isNaN(ms)) return 'never';
  if (ms < 5_000) return 'just now';
  return `${largestUnit(ms)} ago`;
}

/** How long until `iso`, seen from `now`; the past is `expired`. */
export function formatUntil(iso: string | null | undefined, now: number): string {
  if (!iso) return '–';
  const ms = Date.parse(iso) - now;
  return ms > 0 ? `in ${largestUnit(ms)}` : 'expired';
}

function largestUnit(ms: number): string {
  return formatDuration(ms).split(' ').slice(0, 2).join(' ');
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** `14 Mar 2026, 09:26:53` in the reader's time zone. */
export function formatMoment(iso: string): string {
  const date = new Date(iso);
  return `${day.format(date)}, ${clock.format(date)}`;
}

/** `09:26:53` of a Unix time in seconds, for chart axes. */
export function formatClock(seconds: number): string {
  return clock.format(new Date(seconds * 1000));
}
