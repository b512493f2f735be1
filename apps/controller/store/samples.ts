/** What a tunnel measured at one time, and how several measurements become one. */

export type TunnelStateWord = 'UP' | 'DOWN' | 'CONNECTING' | 'UNKNOWN';

/** Loss (percent) and jitter (ms) of one direction; null: not measured. */
export type DirectionSample = readonly [lossPercent: number, jitterMs: number] | null;

/**
 * One tunnel at one time: state, round trip (ms), loss (percent, the worse direction), bits a second from a to b and
 * back, and what was measured of each direction. The last two are absent from what an older release wrote.
 */
export type Sample = readonly [
  state: TunnelStateWord,
  roundTripMs: number | null,
  lossPercent: number | null,
  aToBBitsPerSecond: number,
  bToABitsPerSecond: number,
  aToB?: DirectionSample,
  bToA?: DirectionSample,
];
export type Tick = Readonly<Record<string, Sample>>;

const severity: Readonly<Record<TunnelStateWord, number>> = { UP: 0, CONNECTING: 1, UNKNOWN: 2, DOWN: 3 };

/** The mean of several times; of the states the worst, so that a short break is not averaged away. */
export function averaged(samples: readonly Sample[]): Sample {
  if (samples.length === 1) return samples[0]!;
  const worst = samples.reduce((one, other) => (severity[other[0]] > severity[one[0]] ? other : one))[0];
  return [
    worst,
    mean(samples.map((one) => one[1])),
    mean(samples.map((one) => one[2])),
    mean(samples.map((one) => one[3])) ?? 0,
    mean(samples.map((one) => one[4])) ?? 0,
    meanDirection(samples.map((one) => one[5])),
    meanDirection(samples.map((one) => one[6])),
  ];
}

function meanDirection(samples: readonly (DirectionSample | undefined)[]): DirectionSample {
  const known = samples.filter((one) => one != null);
  const [loss, jitter] = [mean(known.map((one) => one[0])), mean(known.map((one) => one[1]))];
  return loss === null || jitter === null ? null : [thousandths(loss), thousandths(jitter)];
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function averagedTick(ticks: readonly Tick[]): Tick {
  if (ticks.length === 1) return ticks[0]!;
  const ids = new Set(ticks.flatMap((tick) => Object.keys(tick)));
  return Object.fromEntries(
    [...ids].map((id) => [id, averaged(ticks.flatMap((tick) => (tick[id] === undefined ? [] : [tick[id]])))]),
  );
}

/**
 * What is known of a time, and what the other end says of it later. The later word adds what was not known and never
 * replaces a number; a worse state counts, as it does when both ends speak at once.
 */
export function completed(known: Sample | undefined, later: Sample): Sample {
  if (known === undefined || known[0] === 'UNKNOWN') return later;
  if (later[0] === 'UNKNOWN') return known;
  const state = severity[later[0]] > severity[known[0]] ? later[0] : known[0];
  const roundTripMs = state === 'UP' ? (known[1] ?? later[1]) : null;
  return [
    ...([state, roundTripMs, known[2] ?? later[2], known[3] || later[3], known[4] || later[4]] as const),
    ...([known[5] ?? later[5] ?? null, known[6] ?? later[6] ?? null] as const),
  ];
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
