/**
 * From the configuration of an edge to that of its speaker. Pure.
 *
 * Edges are known by their overlay addresses: as neighbours, and as next hops of what they bring. A route from another
 * edge is taken when its next hop is an edge of another site and that site may bring the prefix; its preference is the one
 * that was signed. A route from a router is taken when this site may bring it, and preferred to all that edges say.
 */
import {
  compilePolicy,
  describePolicyError,
  familyKey,
  type NeighbourConfiguration,
  type Policy,
  Secret,
  type SpeakerConfiguration,
  type StatementSource,
} from '@patronus/bgp';
import { type FabricPeerRole, PREFIXES_WARN_AT, type PrefixRange } from '@patronus/fabric';
import { type IpAddress, type Prefix, parseAddress, parsePrefix } from '@patronus/net';
import type { BgpConfiguration, BgpNeighbourConfiguration, Configuration } from '@patronus/protocol';
import { EdgeError } from '../errors.ts';
import { tunName } from '../kernel/plan.ts';
import { commonRanges, rangeText } from './ranges.ts';

/** What a router of this site brings is preferred to anything from another site, … */
const OWN_PREFERENCE = 1_000_000;
/** … where the lowest preference of an allowance is the highest of BGP. */
const FABRIC_PREFERENCE = 100_000;
const USUAL_PREFERENCE = 100;
/** Tunnels tell by BFD that an edge is gone; this is for an edge that hangs. */
const FABRIC_HOLD_S = 30;
const FABRIC_RETRY_S = 5;
const ROUTER_RETRY_S = 10;
const IPV4 = familyKey(1, 1);
const IPV6 = familyKey(2, 1);

/** Name of a neighbour is the id of what it is: of a router, or of the edge. Throws when a policy cannot be made. */
export function speakerOf(configuration: Configuration, bgp: BgpConfiguration): SpeakerConfiguration {
  const overlay = parseAddress(configuration.edge.overlayAddress)!;
  const policies = new Map<string, Policy>();
  const define = (name: string, statements: readonly StatementSource[]) => {
    const compiled = compilePolicy({ name, statements, otherwise: 'reject' });
    if (!compiled.ok) throw new EdgeError('BGP_POLICY', compiled.error.map(describePolicyError).join('; '));
    policies.set(name, compiled.value);
    return name;
  };
  const own = ownRanges(configuration, bgp);
  const fromReflectors = define('from reflectors', acceptedFrom(configuration, bgp));
  const fromEdges = define('from edges', acceptedFromEach(configuration, bgp));
  const toFabric = define('to edges', toldToEdges(configuration, own));
  const identifier = new DataView(overlay.bytes.buffer, overlay.bytes.byteOffset).getUint32(0);
  return {
    as: bgp.as,
    identifier,
    networks: networksOf(configuration),
    policies,
    neighbours: [
      ...bgp.fabric.map(({ edgeId, address, role }): NeighbourConfiguration => {
        return {
          ...{ name: edgeId, address: parseAddress(address)!, localAddress: overlay, device: tunName },
          session: {
            ...{ localAs: bgp.as, peerAs: bgp.as, identifier, families: [IPV4, IPV6] },
            ...{ holdTimeS: FABRIC_HOLD_S, connectRetryS: FABRIC_RETRY_S, mostIdleHoldS: FABRIC_RETRY_S },
          },
          routes: {
            import: reflects(role, bgp) ? fromReflectors : fromEdges,
            ...{ export: toFabric, isReflectorClient: role === 'client' },
          },
        };
      }),
      ...bgp.neighbours.map((neighbour) => ({
        ...routerOf(neighbour, bgp.as, identifier, configuration),
        routes: {
          import: define(`from ${neighbour.id}`, acceptedFromRouter(neighbour, own)),
          export: define(`to ${neighbour.id}`, toldToRouter(neighbour)),
        },
      })),
    ],
  };
}

/** Whether it passes routes of others on. Reflectors are equals among themselves, and have clients besides. */
function reflects(role: FabricPeerRole, { fabric }: BgpConfiguration): boolean {
  return role === 'reflector' || (role === 'peer' && fabric.some((other) => other.role !== 'peer'));
}

/** What this site may bring. */
export function ownRanges({ edge }: Configuration, { allowances }: BgpConfiguration): readonly PrefixRange[] {
  return allowances.find(({ siteId }) => siteId === edge.siteId)?.prefixes ?? [];
}

function acceptedFrom({ edge, edges }: Configuration, { allowances }: BgpConfiguration): StatementSource[] {
  return edges
    .filter(({ siteId }) => siteId !== edge.siteId)
    .flatMap(({ id, siteId, overlayAddress }) =>
      (allowances.find((one) => one.siteId === siteId)?.prefixes ?? []).map(
        (range): StatementSource => ({
          name: id,
          match: { nextHops: nextHopsOf(overlayAddress), prefixes: [rangeText(range)] },
          set: { localPreference: FABRIC_PREFERENCE - range.preference },
          action: 'accept',
        }),
      ),
    );
}

/** Who reflects nothing may bring its own routes alone: its address is the next hop, and tunnels vouch for the address. */
function acceptedFromEach(configuration: Configuration, bgp: BgpConfiguration): StatementSource[] {
  const addresses = new Map(configuration.edges.map(({ id, overlayAddress }) => [id, `${overlayAddress}/32`]));
  return acceptedFrom(configuration, bgp).map((statement) => ({
    ...statement,
    match: { ...statement.match, neighbours: [addresses.get(statement.name!)!] },
  }));
}

/** Reflected routes keep their next hop: it says whose they are. What routers brought goes out under our own. */
function toldToEdges({ edges }: Configuration, own: readonly PrefixRange[]): StatementSource[] {
  const nextHops = edges.flatMap(({ overlayAddress }) => nextHopsOf(overlayAddress));
  return [
    ...(nextHops.length === 0 ? [] : [{ match: { nextHops }, action: 'accept' } satisfies StatementSource]),
    ...(own.length === 0
      ? []
      : [{ match: { prefixes: own.map(rangeText) }, set: { nextHop: 'self' }, action: 'accept' } as const]),
  ];
}

function acceptedFromRouter(neighbour: BgpNeighbourConfiguration, own: readonly PrefixRange[]): StatementSource[] {
  const policy = neighbour.import;
  if (policy === null) return [];
  const ranges = policy.prefixes === null ? own : commonRanges(own, policy.prefixes);
  if (ranges.length === 0) return [];
  const localPreference = OWN_PREFERENCE + Math.min(policy.localPreference ?? USUAL_PREFERENCE, OWN_PREFERENCE);
  return [
    {
      match: { prefixes: ranges.map(rangeText) },
      set: { localPreference, ...communitiesOf(policy.communities) },
      action: 'accept',
    },
  ];
}

function toldToRouter({ export: policy }: BgpNeighbourConfiguration): StatementSource[] {
  if (policy === null || policy.prefixes?.length === 0) return [];
  const match = policy.prefixes === null ? {} : { match: { prefixes: policy.prefixes.map(rangeText) } };
  return [{ ...match, set: { nextHop: 'self', ...communitiesOf(policy.communities) }, action: 'accept' }];
}

function communitiesOf(communities: readonly string[]) {
  return communities.length === 0 ? {} : { addCommunities: communities };
}

/** An IPv4 address, and the way an IPv6 route names it (RFC 4798 §2). */
function nextHopsOf(overlayAddress: string): string[] {
  return [`${overlayAddress}/32`, `::ffff:${overlayAddress}/128`];
}

function routerOf(
  neighbour: BgpNeighbourConfiguration,
  localAs: number,
  identifier: number,
  { uplinks }: Configuration,
): Omit<NeighbourConfiguration, 'routes'> {
  const { id, remoteAs, holdSeconds, keepaliveSeconds, maxPrefixes, restartAfterSeconds, gtsm, key } = neighbour;
  const address = parseAddress(neighbour.address) as IpAddress;
  const family = address.family === 4 ? IPV4 : IPV6;
  // Nothing listens on an uplink: whoever is there is called.
  const isPassive = neighbour.passive && !uplinks.some((uplink) => uplink.interface === neighbour.interface);
  return {
    ...{ name: id, address },
    ...(neighbour.interface === null ? {} : { device: neighbour.interface }),
    session: {
      ...{ localAs, peerAs: remoteAs, identifier, families: [family], holdTimeS: holdSeconds, isPassive },
      connectRetryS: ROUTER_RETRY_S,
      ...(keepaliveSeconds === null ? {} : { keepaliveS: keepaliveSeconds }),
      prefixLimits: [{ family, most: maxPrefixes, warnAt: PREFIXES_WARN_AT, restartS: restartAfterSeconds }],
      // Its routes stay while it restarts. What forwards here ends with the speaker: nothing of ours survives.
      gracefulRestart: { restartTimeS: 0, isForNotification: true, isRestarting: false, families: [] },
      ...(gtsm ? { ttlSecurityHops: 1 } : neighbour.interface === null ? { multihop: 255 } : {}),
      ...(key === null ? {} : { md5Key: new Secret(key) }),
    },
  };
}

/** LANs of other sites, which routers are told of; edges know them already. */
function networksOf({ routes }: Configuration): SpeakerConfiguration['networks'] {
  return routes.flatMap(({ segment, prefix }) => {
    const parsed = parsePrefix(prefix);
    return segment === 0 && parsed.ok ? [{ prefix: parsed.value as Prefix, set: {} }] : [];
  });
}
