/**
 * Why a packet ended here. One table: its order is the code that the packet path returns, its names are what
 * telemetry shows. Nothing is dropped without one of these, and none of them answers a stranger.
 */
export const dropReasons = [
  /** Shorter than its headers, of no known type, or not IP. From either side. */
  'malformed',
  /** Handshake whose first MAC was not made for our public key. */
  'badMac',
  /** Handshake of a public key that is no tunnel and no peer of this uplink. */
  'unknownPeer',
  /** Any other handshake message that could not be used: replayed, not decipherable, not asked for. */
  'badHandshake',
  /** Under load without a valid cookie; it was sent one. */
  'cookieRequired',
  /** More handshake messages than one turn of the loop may take. */
  'handshakeOverload',
  /** Transport message for a session that we don't have. */
  'unknownSession',
  /** Transport message for a session that is too old. */
  'expiredSession',
  /** Transport counter that was seen before, or is too old to tell. */
  'replayed',
  /** Transport message whose tag is wrong. */
  'badTag',
  /** Inner source that the sender's site may not use. */
  'badSource',
  /** Inner destination, from a tunnel, that is neither ours nor routed on. */
  'notForUs',
  /** Packet from the TUN whose source is not this site's. */
  'notOurs',
  /** Multicast and broadcast do not cross the fabric. */
  'multicast',
  /** UDP 3784 belongs to the tunnels' own BFD; nobody else may send it through one. */
  'bfdFromLan',
  /** A BFD packet of the other edge that RFC 5880 §6.8.6 or 5881 §5 discards. */
  'badBfd',
  /** A policy denies it. The sender was told, if it is on our side. */
  'denied',
  /** No prefix holds the destination. */
  'noRoute',
  /** No tunnel to any next hop is up. */
  'noTunnel',
  /** The tunnel has no session yet. */
  'noSession',
  /** Longer than the inner MTU. The sender was told, if it is on our side. */
  'tooBig',
  /** Hop limit used up in transit. */
  'hopLimit',
  /** Packet of a segment that this edge has no interface for, or that the other end does not understand. */
  'noSegment',
  /** Frame that is damaged, comes from a stock peer, or before both ends announced themselves. */
  'badFrame',
  /** The socket did not take it: buffer full, no route of the kernel, or a firewall. */
  'sendFailed',
  /** The TUN did not take it. */
  'tunFailed',
  /** No socket of that uplink and family was handed over yet. */
  'noSocket',
  /** Waited too long for an uplink that carries only so much, or too much waited before it. */
  'overload',
] as const;

export type DropReason = (typeof dropReasons)[number];

/** Verdict of the packet path: 0 went on its way, otherwise one of `Drop`. */
export const PASSED = 0;

/** Code of each reason: its place in the table, from 1. */
export const Drop = Object.fromEntries(dropReasons.map((reason, at) => [reason, at + 1])) as Readonly<
  Record<DropReason, number>
>;

/** Counts verdicts. Float64 holds whole numbers up to 2^53, which no counter of packets will see. */
export class DropCounters {
  readonly #counts = new Float64Array(dropReasons.length + 1);

  /** Counts a verdict, for so many packets, and answers it. */
  count(verdict: number, packets = 1): number {
    this.#counts[verdict]! += packets;
    return verdict;
  }

  get(reason: DropReason): number {
    return this.#counts[Drop[reason]]!;
  }

  /** Totals by name. */
  report(): Record<string, number> {
    return Object.fromEntries(dropReasons.map((reason, at) => [reason, this.#counts[at + 1]!]));
  }
}
