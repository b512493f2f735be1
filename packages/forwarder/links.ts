/**
 * A link is one WireGuard peer on one socket: a tunnel to an uplink of another edge, or a stock peer. Its number is its
 * place in every typed array of the packet path and stays the same over configurations.
 */
import type { Family, PrefixTrie } from '@patronus/net';
import type { TunnelMeasurement } from '@patronus/steering/measurement';
import type { Peer } from '@patronus/wireguard';
import type { TunnelBfd } from './bfd/tunnelBfd.ts';
import { linkAddressOffset, MOST_LINKS } from './memory.ts';
import type { UnfinishedRecord } from './path/expansion.ts';
import type { PathMtu } from './pathMtu.ts';
import type { Probes } from './probes.ts';
import { sockaddrLength } from './sockaddr.ts';
import type { Session } from './tables/sessions.ts';

/** What only a tunnel to another edge has: a stock peer knows neither frames nor probes. */
export interface TunnelState {
  id: string;
  edgeId: string;
  /** The edge's number. */
  edge: number;
  readonly bfd: TunnelBfd;
  readonly probes: Probes;
  readonly pathMtu: PathMtu;
  /** The other end said that it understands frames, and what it can do. */
  heardAnnounce: boolean;
  capabilities: number;
}

/** Where every tunnel's path MTU begins: what IPv6 asks of any link (RFC 8200 §5). */
export const LEAST_MTU = 1_280;

/** Counts of `CompressionReport`. */
export function zeroCompression() {
  return {
    packets: 0,
    fromBytes: 0,
    toBytes: 0,
    skipped: 0,
    expandedPackets: 0,
    expandedFromBytes: 0,
    expandedToBytes: 0,
    errors: 0,
  };
}
export type CompressionCounts = ReturnType<typeof zeroCompression>;

export interface LinkOptions {
  readonly number: number;
  readonly socket: number;
  readonly family: Family;
  readonly peer: Peer;
}

export class Link {
  readonly number: number;
  readonly socket: number;
  readonly family: Family;
  readonly peer: Peer;
  readonly sockaddrOffset: number;
  readonly sockaddrLength: number;
  /** Whether `sockaddrOffset` holds the address of an authenticated packet. */
  hasAddress = false;
  /** Sources it may send from, by segment. */
  allowed: PrefixTrie<true>;
  tunnel: TunnelState | undefined;
  /** Stock peer: its id in the configuration. */
  peerId: string | undefined;
  /** Of a tunnel. */
  measurement: TunnelMeasurement | undefined;
  sending: Session | undefined;
  /** Largest inner packet that is sent over it, bytes. A tunnel's is found by probes; a stock peer's is configured. */
  mtu = LEAST_MTU;
  /** A packet larger than LEAST_MTU went out since it was last looked at. */
  sentLarge = false;
  /** Padded probes for the path's MTU: those that do not arrive are no loss. */
  mtuProbesSent = 0;
  mtuProbesReceived = 0;
  /** It carried nothing for a while: whoever sends or receives over it says so (`PathContext.woken`). */
  isIdle = false;
  readonly compression = zeroCompression();
  /** Compressed frames sent so far; and a record of which only the beginning was received. */
  compressedFrames = 0;
  unfinished: UnfinishedRecord | undefined;
  /** Of inner packets: what people send, without what tunnels say to each other. */
  receivedBytes = 0;
  sentBytes = 0;
  receivedPackets = 0;
  sentPackets = 0;

  constructor({ number, socket, family, peer }: LinkOptions, allowed: PrefixTrie<true>) {
    this.number = number;
    this.socket = socket;
    this.family = family;
    this.peer = peer;
    this.sockaddrOffset = linkAddressOffset(number);
    this.sockaddrLength = sockaddrLength(family);
    this.allowed = allowed;
  }
}

/** By the reports of both ends; towards an end that knows none, by probes. null: not measured yet. */
export function smoothedRoundTripUs({ measurement, tunnel }: Link): number | null {
  return measurement?.roundTrip.smoothedUs ?? tunnel?.probes.smoothedRoundTripUs ?? null;
}

/** Why a tunnel that is up may not work, one bit each: idle, and its uplink failed elsewhere (bfd/); silent (talk/). */
export const Doubt = { bfd: 1, unheard: 2, told: 4 } as const;

/** Links by number. */
export class LinkTable {
  readonly #links: (Link | undefined)[] = new Array(MOST_LINKS).fill(undefined);
  readonly #free: number[] = Array.from({ length: MOST_LINKS }, (_, at) => MOST_LINKS - 1 - at);
  /** 1 where the link is a tunnel that answers; other than 0 where there is reason to doubt that it does (one bit each). */
  readonly isUp = new Uint8Array(MOST_LINKS);
  readonly isDoubted = new Uint8Array(MOST_LINKS);
  /** When something came over it, and a packet of people left, monotonic ms. */
  readonly heardMs = new Float64Array(MOST_LINKS).fill(Number.NEGATIVE_INFINITY);
  readonly sentMs = new Float64Array(MOST_LINKS).fill(Number.NEGATIVE_INFINITY);

  /** A number nobody has; undefined when all are taken. */
  takeNumber(): number | undefined {
    return this.#free.pop();
  }

  put(link: Link): void {
    this.#links[link.number] = link;
  }

  remove(link: Link): void {
    this.#links[link.number] = undefined;
    this.isUp[link.number] = this.isDoubted[link.number] = 0;
    this.heardMs[link.number] = this.sentMs[link.number] = Number.NEGATIVE_INFINITY;
    this.#free.push(link.number);
  }

  at(number: number): Link | undefined {
    return this.#links[number];
  }
}
