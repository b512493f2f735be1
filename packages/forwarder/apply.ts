/**
 * Brings a plan into force while packets flow. Order matters: what is new is added first, then the tables that packets
 * are looked up in are replaced at once, and only then does the old go; a link that stays is never touched.
 */
import type { Family } from '@patronus/net';
import { arrangeGroups } from './arrange.ts';
import type { Tunnel } from './bfd/bfdSessions.ts';
import type { GroupsCommand } from './control.ts';
import { uplinkSocketName } from './descriptorNames.ts';
import { diffLinks, type LinkIdentity } from './difference.ts';
import { Link } from './links.ts';
import type { Measurements } from './measurement/measurements.ts';
import { touchWaiting } from './memory.ts';
import type { PathContext } from './path/context.ts';
import type { ParsedPrefix, Plan, PlannedPeer, PlannedRoutes, PlannedTunnel } from './plan.ts';
import { type DeviceEntry, type Devices, hasKey } from './session/devices.ts';
import type { TunnelOptions, Tunnels } from './session/tunnels.ts';
import type { SocketNames } from './socketNames.ts';
import { buildAllowed, type EdgesTarget, type SegmentRoute, type Target } from './tables/routes.ts';

/** A link as it is to be. */
export interface DesiredLink extends LinkIdentity {
  readonly privateKey: Uint8Array;
  readonly timestampFloor: Uint8Array | undefined;
  readonly allowed: readonly ParsedPrefix[];
  readonly tunnel: (PlannedTunnel & TunnelOptions) | undefined;
  readonly peer: PlannedPeer | undefined;
}

/** A link as it is. */
export interface ExistingLink extends LinkIdentity {
  readonly link: Link;
  readonly entry: DeviceEntry;
}

export interface Parts {
  readonly context: PathContext;
  readonly devices: Devices;
  readonly tunnels: Tunnels;
  readonly measurements: Measurements;
  readonly sockets: SocketNames;
}

/** A stock peer may call over either; an uplink has a socket for each. */
const FAMILIES: readonly Family[] = [4, 6];

/** Applies the plan, with the groups that steering published last; answers the links that exist from now on. */
export function applyPlan(
  parts: Parts,
  plan: Plan,
  published: GroupsCommand | undefined,
  existing: readonly ExistingLink[],
  now: number,
): ExistingLink[] {
  const difference = diffLinks(existing, desiredLinks(parts.devices, plan));
  const result: ExistingLink[] = [];
  for (const [link, desired] of difference.kept) result.push(keepLink(parts, link, desired, now));
  for (const desired of difference.added) {
    // Same keys and another preshared key: one device can't hold both, so the old one makes room.
    for (const old of difference.removed) if (isInTheWay(old, desired)) removeLink(parts, old, now);
    const added = addLink(parts, desired, now);
    if (added !== undefined) result.push(added);
  }
  publishRouting(parts.context, plan, published, result);
  parts.tunnels.limitMtu(plan.mtu, now);
  parts.measurements.replace(
    result.map(({ link }) => link),
    now,
  );
  for (const old of difference.removed) {
    if (parts.context.links.at(old.link.number) === old.link) removeLink(parts, old, now);
  }
  closeIdleDevices(parts.devices, result);
  const uplinkIds = new Set(plan.uplinks.map(({ id }) => id));
  for (const socket of parts.sockets.keepUplinks(uplinkIds)) parts.context.io.closeSocket(socket);
  shape(parts, plan, now);
  return result;
}

/** Every link that the plan wants. */
function desiredLinks(devices: Devices, plan: Plan): DesiredLink[] {
  const uplinks = new Map(
    plan.uplinks.map((uplink) => [uplink.id, { ...uplink, publicKey: devices.publicKeyOf(uplink.privateKey) }]),
  );
  const of = (uplinkId: string, family: Family, remotePublicKey: Uint8Array) => {
    const { privateKey, publicKey: ownPublicKey, timestampFloor } = uplinks.get(uplinkId)!;
    return { uplinkId, family, ownPublicKey, remotePublicKey, privateKey, timestampFloor };
  };
  const tunnels = plan.tunnels.map((tunnel) => ({
    ...of(tunnel.uplinkId, tunnel.family, tunnel.publicKey),
    presharedKey: undefined,
    allowed: plan.edges.get(tunnel.edgeId) ?? [],
    tunnel: { ...tunnel, remoteAddress: plan.overlayAddresses.get(tunnel.edgeId)! },
    peer: undefined,
  }));
  const peers = plan.peers.flatMap((peer) =>
    FAMILIES.map((family) => ({
      ...of(peer.uplinkId, family, peer.publicKey),
      presharedKey: peer.presharedKey,
      allowed: peer.allowed,
      tunnel: undefined,
      peer,
    })),
  );
  return [...tunnels, ...peers];
}

function keepLink(
  { devices, context, tunnels }: Parts,
  existing: ExistingLink,
  desired: DesiredLink,
  now: number,
): ExistingLink {
  const { link, entry } = existing;
  devices.setPeer(entry, desired.remotePublicKey, desired.presharedKey, desired.tunnel?.endpoints ?? [], now);
  link.allowed = buildAllowed(desired.allowed);
  if (link.tunnel !== undefined && desired.tunnel !== undefined) {
    tunnels.change(link as Tunnel, desired.tunnel, now);
  }
  link.peerId = desired.peer?.id;
  context.links.put(link);
  return existing;
}

/** undefined: no number or socket is left for it, which `readPlan` has made sure of unless uplinks came and went a lot. */
function addLink(
  { context, devices, tunnels, measurements, sockets }: Parts,
  desired: DesiredLink,
  now: number,
): ExistingLink | undefined {
  const socket = sockets.numberOf(uplinkSocketName(desired.uplinkId, desired.family));
  const number = socket === undefined ? undefined : context.links.takeNumber();
  if (socket === undefined || number === undefined) return undefined;
  const { uplinkId, family, privateKey, timestampFloor } = desired;
  const present = devices.at(socket);
  const entry =
    present !== undefined && hasKey(present, desired.ownPublicKey)
      ? present
      : devices.open({ uplinkId, family, socket, privateKey, timestampFloor });
  const endpoints = desired.tunnel?.endpoints ?? [];
  const peer = devices.setPeer(entry, desired.remotePublicKey, desired.presharedKey, endpoints, now);
  const link = new Link({ number, socket, family, peer }, buildAllowed(desired.allowed));
  if (desired.tunnel !== undefined) link.measurement = measurements.create();
  context.links.put(link);
  devices.bind(link);
  if (desired.tunnel !== undefined) tunnels.add(link, desired.tunnel, now);
  link.peerId = desired.peer?.id;
  const { ownPublicKey, remotePublicKey, presharedKey } = desired;
  return { uplinkId, family, ownPublicKey, remotePublicKey, presharedKey, link, entry };
}

function isInTheWay(old: ExistingLink, desired: DesiredLink): boolean {
  return (
    old.entry.uplinkId === desired.uplinkId &&
    old.family === desired.family &&
    hasKey(old.entry, desired.ownPublicKey) &&
    old.entry.device.peer(desired.remotePublicKey) === old.link.peer
  );
}

function removeLink({ context, devices, tunnels }: Parts, { link, entry }: ExistingLink, now: number): void {
  tunnels.remove(link, now);
  devices.removePeer(entry, link, now);
  context.links.remove(link);
}

function closeIdleDevices(devices: Devices, links: readonly ExistingLink[]): void {
  const used = new Set(links.map(({ entry }) => entry));
  for (const entry of [...devices.all]) if (!used.has(entry)) devices.close(entry);
}

/** A shaped line gets no more at once than it sends in this time: a call must not wait behind a burst of bulk. */
const BURST_SECONDS = 0.002;

function shape({ sockets, context }: Parts, plan: Plan, now: number): void {
  const uplinks = plan.uplinks.map(({ id, bitsPerSecond }) => ({
    id,
    bitsPerSecond,
    sockets: FAMILIES.flatMap((family) => sockets.numberOf(uplinkSocketName(id, family)) ?? []),
  }));
  for (const { bitsPerSecond, sockets: own } of uplinks) {
    const bytes = bitsPerSecond === undefined ? Number.POSITIVE_INFINITY : (bitsPerSecond / 8) * BURST_SECONDS;
    for (const socket of own) context.io.limitBursts(socket, bytes);
  }
  if (uplinks.some(({ bitsPerSecond }) => bitsPerSecond !== undefined)) touchWaiting(context.memory);
  context.shapers.configure(uplinks, now);
}

/** Groups and routes refer to links and edges by number, so all of them are replaced together. */
function publishRouting(
  context: PathContext,
  plan: Plan,
  published: GroupsCommand | undefined,
  links: readonly ExistingLink[],
): void {
  const { groups, applications, policies, flows } = context;
  applications.replace(plan.applications);
  context.recognition.follow();
  policies.replace(plan.policies);
  groups.publish(published?.generation ?? groups.generation, arrangeGroups(links, published));
  const { routes } = context.routing;
  routes.configure(routesOf(context, plan, links), plan.local);
  context.routing = {
    routes,
    ownSources: buildAllowed(plan.local),
    mtu: plan.mtu,
    ownAddress: plan.overlayAddress.bytes,
    reach: new Map(Array.from(plan.reach, ([identifier, edgeId]) => [identifier, edgesTarget(context, [edgeId])])),
  };
  for (const { link } of links) if (link.tunnel === undefined) link.mtu = plan.mtu;
  flows.reconsider();
}

/** Flows are asked again; nothing else that packets are looked up in is touched. */
export function applyRoutes(context: PathContext, { set, gone }: PlannedRoutes): void {
  // Thousands of prefixes lead to a few edges.
  const targets = new Map<string, EdgesTarget>();
  const targetOf = (nextHops: readonly string[]) => {
    const name = nextHops.join('\n');
    const target = targets.get(name) ?? edgesTarget(context, nextHops);
    targets.set(name, target);
    return target;
  };
  const learned = set.map(({ segment, prefix, nextHops }) => ({ segment, prefix, target: targetOf(nextHops) }));
  context.routing.routes.learn(learned, gone);
  context.flows.reconsider();
}

function edgesTarget({ groups }: PathContext, nextHops: readonly string[]): EdgesTarget {
  return { kind: 'edges', edges: Int32Array.from(nextHops, (edgeId) => groups.edges.of(edgeId)) };
}

function routesOf(context: PathContext, plan: Plan, links: readonly ExistingLink[]): SegmentRoute[] {
  return plan.routes.map(({ segment, prefix, nextHops, peerId }) => {
    const target: Target =
      peerId === undefined
        ? edgesTarget(context, nextHops)
        : {
            kind: 'peer',
            links: Int32Array.from(links.filter(({ link }) => link.peerId === peerId).map(({ link }) => link.number)),
          };
    return { segment, prefix, target };
  });
}
