/** From the configuration to what the forwarder is told. Pure. */

import {
  type ConfigureCommand,
  type ForwarderBfdTimers,
  type ForwarderNeighbour,
  type ForwarderPolicy,
  type ForwarderRoute,
  type ForwarderUplink,
  inParts,
  type RoutesCommand,
} from '@patronus/forwarder';
import { formatPrefix, hostPrefix, parseAddress } from '@patronus/net';
import type {
  BfdPeerConfiguration,
  Configuration,
  Policy,
  SegmentPrefix,
  UplinkConfiguration,
} from '@patronus/protocol';

import { ownRanges } from '../bgp/intent.ts';
import { inSegment, type LearnedChange } from '../bgp/learned.ts';
import { reachIdentifier } from '../reach/identifier.ts';
import { orderNextHops } from './nextHops.ts';

/**
 * What the packet path knows of a configuration. `uplinks` bring the keys, which are in no configuration; `unreachable` are
 * edges whose LAN does not answer.
 */
export function translate(
  configuration: Configuration,
  uplinks: readonly ForwarderUplink[],
  serial: number,
  unreachable: readonly string[] = [],
): ConfigureCommand {
  const { applications, policies, edge, edges, local, mtu, peers, routes, tunnels } = configuration;
  const bfd = bfdTimers(configuration);
  return {
    type: 'configure',
    serial,
    mtu,
    uplinks: uplinks.map((uplink) => ({ ...uplink, ...rateOf(configuration.uplinks, uplink.id) })),
    overlayAddress: edge.overlayAddress,
    local: [...local, hostOf(edge.overlayAddress), ...mayBring(configuration)],
    tunnels: tunnels.map(({ id, uplinkId, family, remote }) => ({
      ...{ id, uplinkId, family },
      edgeId: remote.edgeId,
      publicKey: remote.publicKey,
      endpoints: remote.endpoints,
      bfd,
      suspectsSilence: configuration.bfd.suspectsSilence,
    })),
    // An edge speaks for its site, and for itself.
    edges: edges.map(({ id, allowed, overlayAddress, reachProbe }) => ({
      ...{ id, overlayAddress },
      ...(reachProbe === undefined ? {} : { reachIdentifier: reachIdentifier(configuration, id) }),
      allowed: [...allowed, hostOf(overlayAddress)],
    })),
    peers: peers.map(({ id, uplinkId, publicKey, presharedKey, allowed }) => ({
      ...{ id, uplinkId, publicKey, allowed },
      presharedKey: presharedKey ?? null,
    })),
    routes: [
      ...routes.map((route) => ({ ...route, nextHops: orderNextHops(route.nextHops, edges, unreachable) })),
      ...edges.map(({ id, overlayAddress }): ForwarderRoute => ({ ...hostOf(overlayAddress), nextHops: [id] })),
      ...peers.flatMap(({ id, allowed }) => allowed.map((prefix) => ({ ...prefix, nextHops: [], peerId: id }))),
    ],
    policies: policies.map(policyOf),
    applications: applications.map(({ name: _forPeopleOnly, ...application }) => application),
    neighbours: configuration.bfdPeers.map(neighbourOf),
  };
}

/** Sources that routers of this site may send from: whatever it may bring, brought or not. */
function mayBring({ bgp, local, ...configuration }: Configuration): SegmentPrefix[] {
  if (bgp === undefined) return [];
  const known = new Set(local.map(({ prefix }) => prefix));
  return ownRanges({ bgp, local, ...configuration }, bgp)
    .filter(({ prefix }) => !known.has(prefix))
    .map(({ prefix }) => ({ segment: 0, prefix }));
}

/** What BGP brought or took away; where a router of the site leads, the kernel knows the way. */
export function translateLearned({ set, gone }: LearnedChange): RoutesCommand[] {
  return [
    ...inParts({
      set: set.fabric.map(({ prefix, edgeId }) => ({ ...inSegment(prefix), nextHops: [edgeId] })),
      gone: gone.fabric.map(({ prefix }) => inSegment(prefix)),
    }),
  ];
}

const authenticationTypes = {
  simple: 'simplePassword',
  md5: 'keyedMd5',
  'meticulous-md5': 'meticulousKeyedMd5',
  sha1: 'keyedSha1',
  'meticulous-sha1': 'meticulousKeyedSha1',
} as const;

/** Where it is, the edge alone knows: it ties the socket to the interface. */
function neighbourOf(peer: BfdPeerConfiguration): ForwarderNeighbour {
  const { id, address, multihop, passive, intervalMs, multiplier, authentication } = peer;
  return {
    ...{ id, address, intervalMs, multiplier, isMultihop: multihop, isPassive: passive },
    authentication:
      authentication === null ? null : { ...authentication, type: authenticationTypes[authentication.type] },
  };
}

function rateOf(uplinks: readonly UplinkConfiguration[], id: string): Pick<ForwarderUplink, 'bitsPerSecond'> {
  const bitsPerSecond = uplinks.find((one) => one.id === id)?.bitsPerSecond;
  return bitsPerSecond === undefined ? {} : { bitsPerSecond };
}

/** Its name is for people alone. What breaks out goes to other sites as anything else does: its way out is the kernel's. */
function policyOf({
  id,
  match,
  compression,
  action,
  treatment,
  priority,
  limitPercent,
  mark,
}: Policy): ForwarderPolicy {
  const given = Object.entries(match).filter(([, value]) => value !== undefined);
  return {
    id,
    match: Object.fromEntries(given),
    compression,
    action: action === 'deny' ? 'deny' : 'allow',
    ...{ treatment, priority, limitPercent, mark },
  };
}

/** Any tunnel may have to carry a call, so all are asked as often as the most urgent policy needs. */
function bfdTimers({ bfd, policies }: Configuration): ForwarderBfdTimers {
  const isUrgent = policies.some(({ action, priority }) => action === 'allow' && priority === 'realtime');
  const { intervalMs, realtimeIntervalMs, idleIntervalMs, multiplier } = bfd;
  return { intervalMs: isUrgent ? realtimeIntervalMs : intervalMs, idleIntervalMs, multiplier };
}

function hostOf(overlayAddress: string): SegmentPrefix {
  return { segment: 0, prefix: formatPrefix(hostPrefix(parseAddress(overlayAddress)!)) };
}
