/** A report is told in parts, so that packets need not wait for all of it; whoever asked for it puts them together. */
import type { ForwarderEvent, PeerReport } from './control.ts';

type Telemetry = Extract<ForwarderEvent, { type: 'telemetry' }>;

/** The parts of one report as one; `last` is the part without `more`. */
export function joinTelemetry(parts: readonly Telemetry[], last: Telemetry): Telemetry {
  if (parts.length === 0) return last;
  const all = [...parts, last];
  const peers = new Map<string, PeerReport>();
  for (const peer of all.flatMap((part) => part.peers)) {
    const known = peers.get(peer.id);
    peers.set(peer.id, known === undefined ? peer : joinPeers(known, peer));
  }
  return { ...last, tunnels: all.flatMap((part) => part.tunnels), peers: [...peers.values()] };
}

/** The link with the latest handshake speaks for the peer, both count. */
export function joinPeers(one: PeerReport, other: PeerReport): PeerReport {
  const isLater = (other.lastHandshakeMs ?? -1) > (one.lastHandshakeMs ?? -1);
  return {
    ...(isLater ? other : one),
    receivedBytes: one.receivedBytes + other.receivedBytes,
    sentBytes: one.sentBytes + other.sentBytes,
  };
}
