/** From BGP in the model to what one edge is told of it. */
import { parsePrefix } from '@patronus/net';
import type { BgpNeighbour, BgpPolicy, PrefixRange } from './bgp.ts';
import type { BfdPeer, Edge, Model, SegmentPrefix } from './model.ts';

/** How an edge speaks with another: as equals, or one reflects (RFC 4456) to the other, which is its client. */
export const fabricPeerRoles = ['peer', 'client', 'reflector'] as const;
export type FabricPeerRole = (typeof fabricPeerRoles)[number];

export interface CompiledBgpPolicy {
  readonly prefixes: PrefixRange[] | null;
  readonly communities: string[];
  readonly localPreference: number | null;
}

export interface CompiledBgpNeighbour extends Omit<BgpNeighbour, 'edgeId' | 'bfd'> {
  /** The BFD session whose end is this session's end; null: none. */
  readonly bfdPeerId: string | null;
  readonly import: CompiledBgpPolicy | null;
  readonly export: CompiledBgpPolicy | null;
}

export interface CompiledBgp {
  readonly as: number;
  /** Edges to hold a session with, overlay address to overlay address. `role`: what the other one is to this edge. */
  readonly fabric: { readonly edgeId: string; readonly address: string; readonly role: FabricPeerRole }[];
  readonly neighbours: CompiledBgpNeighbour[];
  /** What each site may originate, this one's own among them. */
  readonly allowances: {
    readonly siteId: string;
    readonly prefixes: { readonly prefix: string; readonly longest: number; readonly preference: number }[];
  }[];
}

/** Undefined: nobody speaks BGP. `reached`: the edges that tunnels lead to. */
export function compileBgp(model: Model, edge: Edge, reached: readonly Edge[]): CompiledBgp | undefined {
  const { bgp } = model;
  if (bgp === undefined || (bgp.neighbours.length === 0 && bgp.allowances.length === 0)) return undefined;
  const reflects = ({ siteId }: Edge) => bgp.reflectors.includes(siteId);
  const isMesh = bgp.reflectors.length === 0;
  return {
    as: bgp.as,
    fabric: reached
      .filter((other) => isMesh || reflects(edge) || reflects(other))
      .map((other) => ({
        ...{ edgeId: other.id, address: other.overlayAddress },
        role: reflects(edge) === reflects(other) ? 'peer' : reflects(edge) ? 'client' : 'reflector',
      })),
    neighbours: bgp.neighbours
      .filter(({ edgeId }) => edgeId === edge.id)
      .sort(byId)
      .map(({ edgeId: _known, bfd, ...neighbour }) => ({
        ...neighbour,
        bfdPeerId: bfd ? bfdPeerOf(model, edge, neighbour) : null,
        import: policyOf(neighbour.import),
        export: policyOf(neighbour.export),
      })),
    allowances: model.sites
      .map(({ id }) => ({
        siteId: id,
        prefixes: bgp.allowances
          .filter(({ siteId }) => siteId === id)
          .sort(byId)
          .map(({ prefix, longest, preference }) => ({ prefix, longest, preference: preference ?? 0 })),
      }))
      .filter(({ prefixes }) => prefixes.length > 0),
  };
}

/** Sources that a site's edges may send from besides its LANs: whatever its routers may bring. */
export function originated({ bgp }: Model, siteId: string): SegmentPrefix[] {
  return (bgp?.allowances ?? [])
    .filter((allowance) => allowance.siteId === siteId)
    .map(({ prefix }) => ({ segment: 0, prefix }));
}

const BFD_OF_BGP = { intervalMs: 300, multiplier: 3, authentication: null, passive: false };

/** BFD sessions that neighbours want and nobody named besides. Each has its neighbour's id. */
export function bfdOfNeighbours(model: Model, edge: Edge): Omit<BfdPeer, 'edgeId'>[] {
  return (model.bgp?.neighbours ?? [])
    .filter(
      ({ id, edgeId, bfd, ...place }) => bfd && edgeId === edge.id && bfdPeerOf(model, edge, { id, ...place }) === id,
    )
    .map(({ id, address, interface: name }) => ({
      ...{ id, address, interface: name, multihop: name === null },
      ...BFD_OF_BGP,
    }));
}

function bfdPeerOf(
  { bfdPeers = [] }: Model,
  edge: Edge,
  { id, address, interface: name }: Pick<BgpNeighbour, 'id' | 'address' | 'interface'>,
): string {
  const named = bfdPeers.find((peer) => peer.edgeId === edge.id && peer.address === address && peer.interface === name);
  return named?.id ?? id;
}

function policyOf(policy: BgpPolicy | null): CompiledBgpPolicy | null {
  if (policy === null) return null;
  const { prefixes, communities, localPreference } = policy;
  return {
    prefixes: prefixes?.map(({ prefix, longest }) => ({ prefix, longest })) ?? null,
    communities: [...communities],
    localPreference,
  };
}

/** `10.0.0.0/8`, or with what lies inside `10.0.0.0/8-24`. */
export function compact({ prefix, longest }: PrefixRange): string {
  const parsed = parsePrefix(prefix);
  return parsed.ok && parsed.value.length === longest ? prefix : `${prefix}-${longest}`;
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}
