/**
 * Which link a packet leaves by. A flow keeps to its edge while there is a tunnel to that; the edge and the treatment that the
 * flow's policy wishes name a path group, and the group names the tunnel, which the fast switch chose when one last came up
 * or went down. So neither a switch nor a publication touches a flow.
 */
import { NO_TUNNEL } from '../fastSwitch.ts';
import type { Link } from '../links.ts';
import { NO_EDGE, NO_ENTRY } from '../tables/flows.ts';
import { NO_GROUP } from '../tables/groups.ts';
import type { EdgesTarget, PeerTarget } from '../tables/routes.ts';
import type { PathContext } from './context.ts';

export class NextHop {
  /** Of the packet last asked about: where the flow table has its flow's direction, or NO_ENTRY; its group, or NO_GROUP. */
  side = NO_ENTRY;
  group = NO_GROUP;
  readonly #context: PathContext;

  constructor(context: PathContext) {
    this.#context = context;
  }

  /** For the packet last classified, which came from `fromEdge` and never goes back there; undefined: no link leads there now. */
  of(target: EdgesTarget | PeerTarget, fromEdge: number): Link | undefined {
    return target.kind === 'edges' ? this.#edgeLink(target, fromEdge) : this.#peerLink(target);
  }

  /** A tunnel to the flow's edge while there is one; otherwise to the first next hop that has one. */
  #edgeLink(target: EdgesTarget, fromEdge: number): Link | undefined {
    const { flows, links, classifier } = this.#context;
    const { entry } = classifier;
    this.side = entry === NO_ENTRY ? NO_ENTRY : entry * 2 + classifier.order;
    const known = entry === NO_ENTRY ? NO_EDGE : flows.edges[this.side]!;
    if (known !== NO_EDGE && known !== fromEdge) {
      const tunnel = this.#tunnelTo(known);
      if (tunnel !== NO_TUNNEL) return links.at(tunnel);
    }
    for (let at = 0; at < target.edges.length; at++) {
      const edge = target.edges[at]!;
      const tunnel = edge === fromEdge ? NO_TUNNEL : this.#tunnelTo(edge);
      if (tunnel === NO_TUNNEL) continue;
      if (entry !== NO_ENTRY) flows.edges[this.side] = edge;
      return links.at(tunnel);
    }
    return undefined;
  }

  /** The tunnel that the group of this packet's treatment uses now, or NO_TUNNEL. */
  #tunnelTo(edge: number): number {
    const { groups, classifier } = this.#context;
    this.group = groups.of(edge, classifier.policy.treatment);
    return groups.tunnelOf(this.group, classifier.bucket);
  }

  /** Of a stock peer's links, the one whose handshake is the latest. */
  #peerLink(target: PeerTarget): Link | undefined {
    const { links } = this.#context;
    this.side = NO_ENTRY;
    this.group = NO_GROUP;
    let best: Link | undefined;
    for (let at = 0; at < target.links.length; at++) {
      const link = links.at(target.links[at]!);
      if (link === undefined || !link.hasAddress) continue;
      if (best === undefined || (link.peer.lastHandshakeAt ?? 0) > (best.peer.lastHandshakeAt ?? 0)) best = link;
    }
    return best;
  }
}
