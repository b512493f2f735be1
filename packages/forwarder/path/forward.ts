/** The middle of the way: from a packet that may pass to the link it leaves by. */
import type { PacketView } from '@patronus/net';
import { Drop, PASSED } from '../drops.ts';
import { NO_TUNNEL } from '../fastSwitch.ts';
import type { Link } from '../links.ts';
import { Capability, FRAME_HEADER_LENGTH, writePacketHeader } from '../overlay.ts';
import { NO_GROUP } from '../tables/flows.ts';
import type { EdgesTarget, PeerTarget, Target } from '../tables/routes.ts';
import type { PathContext } from './context.ts';
import { transmit } from './transmit.ts';

/**
 * Sends a packet, as `packet` read it, on its way to `target`. `fromGroup` is the group of the edge it came from, which
 * it never goes back to (NO_GROUP: from our own side). Answers a verdict, not yet counted.
 */
export function forward(
  context: PathContext,
  segment: number,
  packet: PacketView,
  target: Target,
  fromGroup: number,
  now: number,
): number {
  if (packet.totalLength > context.routing.mtu) return Drop.tooBig;
  const link =
    target.kind === 'edges' ? edgeLink(context, segment, packet, target, fromGroup, now) : peerLink(context, target);
  if (link === undefined) return target.kind === 'local' ? Drop.noRoute : Drop.noTunnel;
  const verdict =
    segment === 0
      ? transmit(context, link, packet.offset, packet.totalLength, now)
      : transmitFrame(context, link, segment, packet, now);
  if (verdict === PASSED) {
    link.sentBytes += packet.totalLength;
    link.sentPackets += 1;
  }
  return verdict;
}

/** The flow's group while it has a tunnel; otherwise the first next hop that has one. */
function edgeLink(
  context: PathContext,
  segment: number,
  packet: PacketView,
  target: EdgesTarget,
  fromGroup: number,
  now: number,
): Link | undefined {
  const { flows, groups, links } = context;
  const known = flows.lookup(segment, packet, now);
  if (known !== NO_GROUP && known !== fromGroup) {
    const active = groups.activeOf(known);
    if (active !== NO_TUNNEL) return links.at(active);
  }
  for (let at = 0; at < target.groups.length; at++) {
    const group = target.groups[at]!;
    const active = group === fromGroup ? NO_TUNNEL : groups.activeOf(group);
    if (active === NO_TUNNEL) continue;
    flows.remember(segment, packet, group, now);
    return links.at(active);
  }
  return undefined;
}

/** Of a stock peer's links, the one whose handshake is the latest. */
function peerLink(context: PathContext, target: Target): Link | undefined {
  if (target.kind !== 'peer') return undefined;
  let best: Link | undefined;
  for (let at = 0; at < (target as PeerTarget).links.length; at++) {
    const link = context.links.at((target as PeerTarget).links[at]!);
    if (link === undefined || !link.hasAddress) continue;
    if (best === undefined || (link.peer.lastHandshakeAt ?? 0) > (best.peer.lastHandshakeAt ?? 0)) best = link;
  }
  return best;
}

/** Segments other than 0 travel in a frame, and only to an edge that said it knows them. */
function transmitFrame(context: PathContext, link: Link, segment: number, packet: PacketView, now: number): number {
  const { tunnel } = link;
  if (tunnel === undefined || !tunnel.heardAnnounce || (tunnel.capabilities & Capability.segments) === 0) {
    return Drop.noSegment;
  }
  const start = packet.offset - FRAME_HEADER_LENGTH;
  writePacketHeader(context.memory.bytes, start, segment, packet.totalLength);
  return transmit(context, link, start, packet.totalLength + FRAME_HEADER_LENGTH, now);
}
