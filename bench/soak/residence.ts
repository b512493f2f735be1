/**
 * What processes hold of memory over time, by their kind. Two figures of each: its own (anonymous) pages, which nobody but the
 * process gives back, and all that are resident. The difference are pages of program files: page cache that every process of
 * the same program shares, and that comes and goes by megabytes with what the kernel maps along.
 */
import { readFileSync } from 'node:fs';
import type { Gateway } from '../../test/interop/fixtures/edgeWorld.ts';
import { pidsOf } from '../failover/gateways.ts';

export type Kind = 'forwarder' | 'edge' | 'edgeForwarder' | 'standby';

export interface Watched {
  readonly kind: Kind;
  readonly pid: number;
}

export interface Growth {
  /** Own pages of the process that grew most, in MiB. */
  readonly growthMiB: number;
  /** The same of each process. */
  readonly each: readonly number[];
  /** Resident pages of each process. */
  readonly resident: readonly number[];
  /** Of the largest at the end, resident. */
  readonly rssMiB: number;
  /** Processes of this kind that are not there any more; they count for nothing else. */
  readonly ended: number;
}

interface Pages {
  readonly own: number;
  readonly resident: number;
}

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
  readonly #samples: { readonly atMs: number; readonly kib: readonly (Pages | undefined)[] }[] = [];

  constructor(watched: readonly Watched[]) {
    this.#watched = watched;
  }

  /** What was found, in words; how many there were so far. */
  sample(atMs: number): { readonly words: string; readonly count: number } {
    const kib = this.#watched.map(({ pid }) => pagesOf(pid));
    this.#samples.push({ atMs, kib });
    const words = this.#watched
      .map(({ kind }, at) => `${kind} ${kib[at]?.resident ?? '-'} (${kib[at]?.own ?? '-'})`)
      .join(', ');
    return { words, count: this.#samples.length };
  }

  /** From `settledMs` to the end: by kind, what there is of it. */
  growth(settledMs: number): Partial<Record<Kind, Growth>> {
    const kinds = [...new Set(this.#watched.map(({ kind }) => kind))];
    return Object.fromEntries(kinds.map((kind) => [kind, this.#growthOf(kind, settledMs)]));
  }

  #growthOf(kind: Kind, settledMs: number): Growth {
    const last = this.#samples.at(-1)!.kib;
    const places = [...this.#watched.keys()].filter((at) => this.#watched[at]!.kind === kind);
    const lasting = places.filter((at) => last[at] !== undefined);
    const each = lasting.map((at) => mebibytes(this.#trend(at, 'own', settledMs), 2));
    return {
      growthMiB: Math.max(...each),
      each,
      resident: lasting.map((at) => mebibytes(this.#trend(at, 'resident', settledMs), 2)),
      rssMiB: mebibytes(Math.max(...lasting.map((at) => last[at]!.resident)), 1),
      ended: places.length - lasting.length,
    };
  }

  /**
   * The slope over all of the time, so that no moment between two collections counts for more than another (Theil and Sen: the
   * median of what any two samples say), as KiB from the first to the last.
   */
  #trend(place: number, pages: keyof Pages, fromMs: number): number {
    const points = this.#samples.flatMap(({ atMs, kib }) => {
      const found = kib[place]?.[pages];
      return found === undefined || atMs < fromMs ? [] : [{ atMs, kib: found }];
    });
    const slopes = points
      .flatMap((a, at) => points.slice(at + 1).map((b) => (b.kib - a.kib) / (b.atMs - a.atMs)))
      .sort((a, b) => a - b);
    return (slopes[slopes.length >> 1] ?? Number.NaN) * (points.at(-1)!.atMs - fromMs);
  }
}

/** In KiB; undefined: there is no such process. */
function pagesOf(pid: number): Pages | undefined {
  try {
    const found = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(found)?.[1]);
    return { own: of('Anonymous'), resident: of('Rss') };
  } catch {
    return undefined;
  }
}

function mebibytes(kib: number, digits: number): number {
  return Number((kib / 1024).toFixed(digits));
}
