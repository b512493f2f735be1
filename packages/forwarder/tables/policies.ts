/**
 * Policies: which one a flow belongs to, asked once for its first packet, and what each of them sent. The first
 * policy that matches wins.
 */
import type { PacketView, PrefixTrie } from '@patronus/net';
import type { ForwarderPriority, PolicyReport } from '../control.ts';
import type { ParsedPrefix } from '../plan.ts';
import type { ApplicationTable } from './applications.ts';
import { NO_APPLICATION } from './flows.ts';
import { DEFAULT_TREATMENT } from './groups.ts';
import type { Numbering } from './numbering.ts';
import { buildAllowed } from './routes.ts';

/** What no policy matches. */
export const NO_POLICY = -1;

export interface PolicyMatch {
  readonly segment: number | undefined;
  readonly sources: readonly ParsedPrefix[] | undefined;
  readonly destinations: readonly ParsedPrefix[] | undefined;
  readonly protocol: number | undefined;
  readonly ports: readonly (readonly [number, number])[] | undefined;
  readonly dscp: readonly number[] | undefined;
  readonly applications: readonly string[] | undefined;
}

export interface PlannedPolicy {
  readonly id: string;
  readonly match: PolicyMatch;
  /** LZ4 level; null: not compressed. */
  readonly compression: number | null;
  readonly isDenied: boolean;
  readonly treatment: string;
  readonly priority: ForwarderPriority;
  readonly limitPercent: number | null;
  /** Code point; null: as it came. */
  readonly mark: number | null;
}

/** What is known of a flow besides the packet at hand. */
export interface FlowFacts {
  /** The packet goes back to whoever began the flow: its source is what policies call the destination. */
  isReply: boolean;
  /** Of the flow's first packet. */
  codePoint: number;
  /** By a name that it showed; NO_APPLICATION when none is known. */
  application: number;
}

/** Of the first packet of a flow. */
export function freshFacts(): FlowFacts {
  return { isReply: false, codePoint: 0, application: NO_APPLICATION };
}

/** Counts are totals since the start, in bytes of inner packets. */
export class Policy {
  readonly id: string | null;
  readonly compression: number | null;
  readonly isDenied: boolean;
  /** Number of its treatment. */
  readonly treatment: number;
  readonly priority: ForwarderPriority;
  readonly limitPercent: number | null;
  readonly mark: number | null;
  readonly counts = {
    sentPackets: 0,
    sentBytes: 0,
    compressedPackets: 0,
    compressedFromBytes: 0,
    compressedToBytes: 0,
    skippedPackets: 0,
    flows: 0,
    deniedPackets: 0,
  };
  readonly #match: PolicyMatch;
  readonly #sources: PrefixTrie<true>;
  readonly #destinations: PrefixTrie<true>;
  readonly #applications: readonly number[] | undefined;

  constructor(planned: Omit<PlannedPolicy, 'id'> & { id: string | null }, numbers: PolicyNumbers) {
    const { id, match, compression, isDenied, treatment, priority, limitPercent, mark } = planned;
    this.id = id;
    this.compression = compression;
    this.isDenied = isDenied;
    this.treatment = numbers.treatments.of(treatment);
    this.priority = priority;
    this.limitPercent = limitPercent;
    this.mark = mark;
    this.#match = match;
    this.#sources = anySegment(match.sources);
    this.#destinations = anySegment(match.destinations);
    this.#applications = match.applications?.map((application) => numbers.applications.numberOf(application));
  }

  /** Whether all that is given holds for this packet. */
  holds(segment: number, packet: PacketView, facts: FlowFacts, applications: ApplicationTable): boolean {
    const { family, bytes } = packet;
    const match = this.#match;
    const source = facts.isReply ? packet.destinationOffset : packet.sourceOffset;
    const destination = facts.isReply ? packet.sourceOffset : packet.destinationOffset;
    return (
      (match.segment === undefined || match.segment === segment) &&
      (match.protocol === undefined || match.protocol === packet.protocol) &&
      (match.dscp === undefined || match.dscp.includes(facts.codePoint)) &&
      (match.ports === undefined || match.ports.some((range) => holdsPort(range, packet))) &&
      (match.sources === undefined || this.#sources.lookup(0, family, bytes, source) !== undefined) &&
      (match.destinations === undefined || this.#destinations.lookup(0, family, bytes, destination) !== undefined) &&
      (this.#applications === undefined || this.#isOf(packet, facts.application, applications))
    );
  }

  report(): PolicyReport {
    return { id: this.id, ...this.counts };
  }

  #isOf(packet: PacketView, learned: number, applications: ApplicationTable): boolean {
    for (const number of this.#applications!) {
      if (number === learned || applications.shows(number, packet)) return true;
    }
    return false;
  }
}

function holdsPort([from, to]: readonly [number, number], { sourcePort, destinationPort }: PacketView): boolean {
  return (sourcePort >= from && sourcePort <= to) || (destinationPort >= from && destinationPort <= to);
}

/** The match names its segment apart from its prefixes. */
function anySegment(prefixes: readonly ParsedPrefix[] | undefined): PrefixTrie<true> {
  return buildAllowed((prefixes ?? []).map(({ prefix }) => ({ segment: 0, prefix })));
}

const everything: PolicyMatch = {
  segment: undefined,
  sources: undefined,
  destinations: undefined,
  protocol: undefined,
  ports: undefined,
  dscp: undefined,
  applications: undefined,
};

const unmatched = {
  id: null,
  match: everything,
  compression: null,
  isDenied: false,
  treatment: DEFAULT_TREATMENT,
  priority: 'normal',
  limitPercent: null,
  mark: null,
} as const;

/** Where policies get the numbers of what they name. */
export interface PolicyNumbers {
  readonly treatments: Numbering;
  readonly applications: ApplicationTable;
}

/** The policies in force. A policy that stays, by its id, goes on counting. */
export class PolicyTable {
  readonly #numbers: PolicyNumbers;
  readonly #unmatched: Policy;
  #policies: readonly Policy[] = [];

  constructor(numbers: PolicyNumbers) {
    this.#numbers = numbers;
    this.#unmatched = new Policy(unmatched, numbers);
  }

  replace(planned: readonly PlannedPolicy[]): void {
    const before = new Map(this.#policies.map((one) => [one.id, one.counts]));
    this.#policies = planned.map((one) => {
      const next = new Policy(one, this.#numbers);
      Object.assign(next.counts, before.get(one.id));
      return next;
    });
  }

  /** The number of the policy that a flow with such a packet belongs to, or NO_POLICY. */
  find(segment: number, packet: PacketView, facts: FlowFacts): number {
    const { applications } = this.#numbers;
    for (let at = 0; at < this.#policies.length; at++) {
      if (this.#policies[at]!.holds(segment, packet, facts, applications)) return at;
    }
    return NO_POLICY;
  }

  at(number: number): Policy {
    // Before the look into the list: an index below 0 is a property to look for by name, which is slow.
    return number < 0 ? this.#unmatched : (this.#policies[number] ?? this.#unmatched);
  }

  report(): PolicyReport[] {
    return [...this.#policies, this.#unmatched].map((one) => one.report());
  }
}
