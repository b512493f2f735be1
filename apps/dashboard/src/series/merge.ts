/**
 * Time series as charts want them: history comes once, live samples follow, both carry the server's timestamps.
 * Nothing here reads a clock, so a browser whose clock is wrong still draws a right chart.
 */

export interface Timed {
  /** ISO 8601. */
  readonly at: string;
}

/**
 * `known` continued by `fresh`, oldest first, without doubles, cut to `windowMs` before the newest sample.
 * Both must be oldest first. Where both have the same moment, the fresher one counts.
 */
export function mergeSamples<Sample extends Timed>(
  known: readonly Sample[],
  fresh: readonly Sample[],
  windowMs: number,
): readonly Sample[] {
  const firstFresh = fresh[0];
  if (!firstFresh) return known;
  const start = Date.parse(firstFresh.at);
  const kept = known.filter((sample) => Date.parse(sample.at) < start);
  const newest = Date.parse(fresh[fresh.length - 1]?.at ?? firstFresh.at);
  // Fresh samples older than what is known (a late answer) must not cut off what is newer.
  const later = known.filter((sample) => Date.parse(sample.at) > newest);
  const merged = [...kept, ...fresh, ...later];
  const end = Date.parse(merged[merged.length - 1]?.at ?? firstFresh.at);
  return merged.filter((sample) => Date.parse(sample.at) >= end - windowMs);
}

/** Columns for a chart: `xs` in Unix seconds, one list of values a series, null where a series has no sample. */
export interface Columns {
  readonly xs: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** How many steps a value stands for while the next one is late; a longer gap is a gap. */
const holdSteps = 3;

/**
 * Several series on one grid of `stepSeconds`, so that they can share an axis and be added up. Where a series has no
 * sample for a moment its last one holds for a few steps, so that a late sample does not show as a dip of the sum.
 */
export function alignSamples<Sample extends Timed>(
  series: readonly (readonly Sample[])[],
  read: (sample: Sample) => number | null,
  stepSeconds: number,
): Columns {
  const bucketed = series.map((samples) => {
    const buckets = new Map<number, number | null>();
    for (const sample of samples) {
      buckets.set(Math.floor(Date.parse(sample.at) / 1000 / stepSeconds) * stepSeconds, read(sample));
    }
    return buckets;
  });
  const moments = [...new Set(bucketed.flatMap((buckets) => [...buckets.keys()]))].sort((a, b) => a - b);
  const xs = withPauses(moments, (holdSteps + 1) * stepSeconds);
  return { xs, values: bucketed.map((buckets) => fill(xs, buckets, holdSteps * stepSeconds)) };
}

/** Where all series pause for longer than `longestSeconds`, a moment without values is put in, so that no line bridges it. */
function withPauses(moments: readonly number[], longestSeconds: number): readonly number[] {
  return moments.flatMap((x, index) => {
    const next = moments[index + 1];
    return next !== undefined && next - x > longestSeconds ? [x, x + longestSeconds] : [x];
  });
}

function fill(
  xs: readonly number[],
  buckets: ReadonlyMap<number, number | null>,
  holdSeconds: number,
): readonly (number | null)[] {
  let lastX = Number.NEGATIVE_INFINITY;
  let last: number | null = null;
  return xs.map((x) => {
    const value = buckets.get(x);
    if (value === undefined) return x - lastX <= holdSeconds ? last : null;
    lastX = x;
    last = value;
    return value;
  });
}

/** The sum of all series at each moment; null only where none has a sample. */
export function sumColumns(columns: Columns): readonly (number | null)[] {
  return columns.xs.map((_, index) =>
    columns.values.reduce<number | null>((sum, values) => {
      const value = values[index];
      return value === null || value === undefined ? sum : (sum ?? 0) + value;
    }, null),
  );
}
