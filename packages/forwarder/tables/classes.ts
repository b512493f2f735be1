/**
 * Policy classes: which one a flow belongs to, asked once for its first packet, and what each of them sent. The first
 * class that matches wins.
 */
import type { PacketView, PrefixTrie } from '@patronus/net';
import type { ClassReport } from '../control.ts';
import type { ParsedPrefix } from '../plan.ts';
import { buildAllowed } from './routes.ts';

/** What no class matches. */
export const NO_CLASS = -1;

export interface ClassMatch {
  readonly segment: number | undefined;
  readonly sources: readonly ParsedPrefix[] | undefined;
  readonly destinations: readonly ParsedPrefix[] | undefined;
  readonly protocol: number | undefined;
  readonly ports: readonly (readonly [number, number])[] | undefined;
  readonly dscp: readonly number[] | undefined;
}

export interface PlannedClass {
  readonly id: string;
  readonly match: ClassMatch;
  /** LZ4 level; null: not compressed. */
  readonly compression: number | null;
}

/** Totals since the start, in bytes of inner packets. */
export class TrafficClass {
  readonly id: string | null;
  readonly compression: number | null;
  readonly counts = {
    sentPackets: 0,
    sentBytes: 0,
    compressedPackets: 0,
    compressedFromBytes: 0,
    compressedToBytes: 0,
    skippedPackets: 0,
  };
  readonly #match: ClassMatch;
  readonly #sources: PrefixTrie<true>;
  readonly #destinations: PrefixTrie<true>;

  constructor(id: string | null, match: ClassMatch, compression: number | null) {
    this.id = id;
    this.compression = compression;
    this.#match = match;
    this.#sources = anySegment(match.sources);
    this.#destinations = anySegment(match.destinations);
  }

  /** Whether all that is given holds for this packet. */
  holds(segment: number, packet: PacketView): boolean {
    const { family, bytes, sourceOffset, destinationOffset } = packet;
    const match = this.#match;
    return (
      (match.segment === undefined || match.segment === segment) &&
      (match.protocol === undefined || match.protocol === packet.protocol) &&
      (match.dscp === undefined || match.dscp.includes(packet.trafficClass >>> 2)) &&
      (match.ports === undefined || match.ports.some((range) => holdsPort(range, packet))) &&
      (match.sources === undefined || this.#sources.lookup(0, family, bytes, sourceOffset) !== undefined) &&
      (match.destinations === undefined || this.#destinations.lookup(0, family, bytes, destinationOffset) !== undefined)
    );
  }

  report(): ClassReport {
    return { id: this.id, ...this.counts };
  }
}

function holdsPort([from, to]: readonly [number, number], { sourcePort, destinationPort }: PacketView): boolean {
  return (sourcePort >= from && sourcePort <= to) || (destinationPort >= from && destinationPort <= to);
}

/** The match names its segment apart from its prefixes. */
function anySegment(prefixes: readonly ParsedPrefix[] | undefined): PrefixTrie<true> {
  return buildAllowed((prefixes ?? []).map(({ prefix }) => ({ segment: 0, prefix })));
}

const everything: ClassMatch = {
  segment: undefined,
  sources: undefined,
  destinations: undefined,
  protocol: undefined,
  ports: undefined,
  dscp: undefined,
};

/** The classes in force. A class that stays, by its id, goes on counting. */
export class ClassTable {
  readonly #unclassed = new TrafficClass(null, everything, null);
  #classes: readonly TrafficClass[] = [];

  replace(planned: readonly PlannedClass[]): void {
    const before = new Map(this.#classes.map((one) => [one.id, one.counts]));
    this.#classes = planned.map(({ id, match, compression }) => {
      const next = new TrafficClass(id, match, compression);
      Object.assign(next.counts, before.get(id));
      return next;
    });
  }

  /** The number of the packet's class, or NO_CLASS. */
  find(segment: number, packet: PacketView): number {
    for (let at = 0; at < this.#classes.length; at++) if (this.#classes[at]!.holds(segment, packet)) return at;
    return NO_CLASS;
  }

  at(number: number): TrafficClass {
    return this.#classes[number] ?? this.#unclassed;
  }

  report(): ClassReport[] {
    return [...this.#classes, this.#unclassed].map((one) => one.report());
  }
}
