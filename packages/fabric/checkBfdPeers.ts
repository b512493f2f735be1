/** What routers that BFD runs with have to fulfil: where they are said to be, they can be. */
import { parsePrefix, prefixCovers } from '@patronus/net';
import type { Finding } from './check.ts';
import { type BfdPeer, type Edge, MAX_BFD_PEERS, type Model } from './model.ts';

/** RFC 5880 §4.2–4.4, bytes. */
const LONGEST_KEY = { simple: 16, md5: 16, 'meticulous-md5': 16, sha1: 20, 'meticulous-sha1': 20 } as const;

export const bfdPeerChecks: readonly ((model: Model) => Finding[])[] = [
  (model) => (model.bfdPeers ?? []).flatMap((peer) => checkPeer(model, peer)),
  tooMany,
];

function checkPeer(model: Model, peer: BfdPeer): Finding[] {
  const edge = model.edges.find(({ id }) => id === peer.edgeId);
  if (edge === undefined) return [];
  const what = `the BFD peer ${peer.address} of ${edge.name}`;
  const found = (code: string, words: string) => [error(code, `${what}: ${words}`, edge)];
  if ((peer.interface === null) !== peer.multihop) {
    return found('BFD_PEER_INTERFACE', 'name the interface that it is on, or say that it is several hops away');
  }
  const twin = model.bfdPeers?.find((other) => other.id < peer.id && isSamePlace(peer, other));
  if (twin !== undefined) return found('BFD_PEER_TWICE', 'it is there twice; keep one');
  const { authentication } = peer;
  if (authentication !== null) {
    const length = new TextEncoder().encode(authentication.key).length;
    const longest = LONGEST_KEY[authentication.type];
    if (length < 1 || length > longest) {
      return found('BFD_PEER_KEY', `its key has ${length} bytes; ${authentication.type} takes 1 to ${longest}`);
    }
  }
  if (isLinkLocal(peer.address)) {
    return peer.multihop ? found('BFD_PEER_FAR', 'a link-local address is never several hops away') : [];
  }
  if (peer.multihop || isAtUplink(model, edge, peer) || isInLan(model, edge, peer.address)) return [];
  return found(
    'BFD_PEER_FOREIGN',
    `${peer.interface} is no uplink, and none of the site's LANs holds the address; name the right interface, or say that it is several hops away`,
  );
}

function tooMany({ edges, bfdPeers = [] }: Model): Finding[] {
  return edges
    .filter(({ id }) => bfdPeers.filter(({ edgeId }) => edgeId === id).length > MAX_BFD_PEERS)
    .map((edge) => error('BFD_PEERS_TOO_MANY', `${edge.name} has more than ${MAX_BFD_PEERS} BFD peers`, edge));
}

function isSamePlace(one: BfdPeer, other: BfdPeer): boolean {
  return one.edgeId === other.edgeId && one.address === other.address && one.interface === other.interface;
}

/** What network an uplink stands in, only the edge knows. */
function isAtUplink({ uplinks }: Model, edge: Edge, peer: BfdPeer): boolean {
  return uplinks.some((uplink) => uplink.edgeId === edge.id && uplink.interface === peer.interface);
}

function isInLan({ sites }: Model, edge: Edge, address: string): boolean {
  const host = parsePrefix(`${address}/${address.includes(':') ? 128 : 32}`);
  const prefixes = sites.find(({ id }) => id === edge.siteId)?.prefixes ?? [];
  return prefixes.some(({ prefix }) => {
    const lan = parsePrefix(prefix);
    return host.ok && lan.ok && prefixCovers(lan.value, host.value);
  });
}

/** fe80::/10 (RFC 4291 §2.5.6). */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

function error(code: string, message: string, edge: Edge): Finding {
  return { severity: 'error', code, message, siteIds: [edge.siteId] };
}
