/** What processes hold of memory over time, by their kind. */
import { readFileSync } from 'node:fs';
import type { Gateway } from '../../test/interop/fixtures/edgeWorld.ts';
import { pidsOf } from '../failover/gateways.ts';

export type Kind = 'forwarder' | 'edge' | 'edgeForwarder' | 'standby';

export interface Watched {
  readonly kind: Kind;
  readonly pid: number;
}

export interface Growth {
  /** Of the process that grew most, in MiB. */
  readonly growthMiB: number;
  /** Of each process. */
  readonly each: readonly number[];
  /**
   * Of each process: the slope over all of the time, so that no moment counts for more than another (Theil and Sen: the
   * median of what any two samples say), as MiB from the first to the last.
   */
  readonly trend: readonly number[];
  /** Of the largest, in the last minute. */
  readonly rssMiB: number;
  /** Processes of this kind that are not there any more; they count for nothing else. */
  readonly ended: number;
}

const MINUTE_MS = 60_000;

/** The edge of a gateway, the forwarder that it has at work, and the one that stands by. */
export function processesOf(gateway: Gateway): Watched[] {
  const { pid, forwarderPid } = gateway.status()!.process;
  return pidsOf(gateway).map((one) => ({
    pid: one,
    kind: one === pid ? 'edge' : one === forwarderPid ? 'edgeForwarder' : 'standby',
  }));
}

export class Residence {
  readonly #watched: readonly Watched[];
  readonly #samples: { readonly atMs: number; readonly kib: readonly (number | undefined)[] }[] = [];

  constructor(watched: readonly Watched[]) {
    this.#watched = watched;
  }

  /** What was found, in words; how many there were so far. */
  sample(atMs: number): { readonly words: string; readonly count: number } {
    const kib = this.#watched.map(({ pid }) => residentKiB(pid));
    this.#samples.push({ atMs, kib });
    const words = this.#watched.map(({ kind }, at) => `${kind} ${kib[at] ?? '-'}`).join(', ');
    return { words, count: this.#samples.length };
  }

  /** From the minute that begins at `settledMs` to the last: by kind, what there is of it. */
  growth(settledMs: number): Partial<Record<Kind, Growth>> {
    const lastMs = this.#samples.at(-1)!.atMs - MINUTE_MS;
    const kinds = [...new Set(this.#watched.map(({ kind }) => kind))];
    return Object.fromEntries(kinds.map((kind) => [kind, this.#growthOf(kind, settledMs, lastMs)]));
  }

  #growthOf(kind: Kind, settledMs: number, lastMs: number): Growth {
    const places = [...this.#watched.keys()].filter((at) => this.#watched[at]!.kind === kind);
    const lasting = places.filter((at) => this.#samples.at(-1)!.kib[at] !== undefined);
    const ends = lasting.map((at) => this.#low(at, lastMs));
    const each = lasting.map((at, index) => mebibytes(ends[index]! - this.#low(at, settledMs), 2));
    return {
      growthMiB: Math.max(...each),
      each,
      trend: lasting.map((at) => mebibytes(this.#trend(at, settledMs), 2)),
      rssMiB: mebibytes(Math.max(...ends), 1),
      ended: places.length - lasting.length,
    };
  }

  /** The lower quartile of a minute: garbage does not count, and no moment either in which a process has just given back. */
  #low(place: number, fromMs: number): number {
    const inMinute = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs <= fromMs + MINUTE_MS);
    const kib = inMinute.flatMap(({ kib }) => kib[place] ?? []).sort((a, b) => a - b);
    return kib[Math.floor(kib.length / 4)] ?? Number.NaN;
  }

  #trend(place: number, fromMs: number): number {
    const points = this.#samples.flatMap(({ atMs, kib }) => {
      const found = kib[place];
      return found === undefined || atMs < fromMs ? [] : [{ atMs, kib: found }];
    });
    const slopes = points
      .flatMap((a, at) => points.slice(at + 1).map((b) => (b.kib - a.kib) / (b.atMs - a.atMs)))
      .sort((a, b) => a - b);
    return (slopes[slopes.length >> 1] ?? Number.NaN) * (points.at(-1)!.atMs - fromMs);
  }
}

/** Undefined: there is no such process. */
function residentKiB(pid: number): number | undefined {
  try {
    return Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]);
  } catch {
    return undefined;
  }
}

function mebibytes(kib: number, digits: number): number {
  return Number((kib / 1024).toFixed(digits));
}
