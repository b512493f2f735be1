/**
 * Brings a plan into force while packets flow. Order matters: what is new is added first, then the tables that packets
 * are looked up in are replaced at once, and only then does the old go; a link that stays is never touched.
 */
import type { Family } from '@patronus/net';
import { diffLinks, type LinkIdentity } from './difference.ts';
import { Link } from './links.ts';
import type { PathContext } from './path/context.ts';
import type { ParsedPrefix, Plan, PlannedPeer, PlannedTunnel } from './plan.ts';
import { type DeviceEntry, type Devices, hasKey } from './session/devices.ts';
import type { Tunnels } from './session/tunnels.ts';
import { type SocketNames, uplinkSocketName } from './socketNames.ts';
import type { Group } from './tables/groups.ts';
import { buildAllowed, buildRoutes, type SegmentRoute, type Target } from './tables/routes.ts';

/** A link as it is to be. */
export interface DesiredLink extends LinkIdentity {
  readonly privateKey: Uint8Array;
  readonly timestampFloor: Uint8Array | undefined;
  readonly allowed: readonly ParsedPrefix[];
  readonly tunnel: PlannedTunnel | undefined;
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
  readonly sockets: SocketNames;
}

/** A stock peer may call over either; an uplink has a socket for each. */
const FAMILIES: readonly Family[] = [4, 6];

/** Applies the plan; answers the links that exist from now on. */
export function applyPlan(parts: Parts, plan: Plan, existing: readonly ExistingLink[], now: number): ExistingLink[] {
  const difference = diffLinks(existing, desiredLinks(parts.devices, plan));
  const result: ExistingLink[] = [];
  for (const [link, desired] of difference.kept) result.push(keepLink(parts, link, desired, now));
  for (const desired of difference.added) {
    // Same keys and another preshared key: one device can't hold both, so the old one makes room.
    for (const old of difference.removed) if (isInTheWay(old, desired)) removeLink(parts, old, now);
    const added = addLink(parts, desired, now);
    if (added !== undefined) result.push(added);
  }
  publishRouting(parts.context, plan, result);
  parts.tunnels.limitMtu(plan.mtu, now);
  for (const old of difference.removed) {
    if (parts.context.links.at(old.link.number) === old.link) removeLink(parts, old, now);
  }
  closeIdleDevices(parts.devices, result);
  limitBursts(parts, plan);
  const uplinkIds = new Set(plan.uplinks.map(({ id }) => id));
  for (const socket of parts.sockets.keepUplinks(uplinkIds)) parts.context.io.closeSocket(socket);
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
    tunnel,
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
  { devices, context }: Parts,
  existing: ExistingLink,
  desired: DesiredLink,
  now: number,
): ExistingLink {
  const { link, entry } = existing;
  devices.setPeer(entry, desired.remotePublicKey, desired.presharedKey, desired.tunnel?.endpoints ?? [], now);
  link.allowed = buildAllowed(desired.allowed);
  if (link.tunnel !== undefined && desired.tunnel !== undefined) {
    link.tunnel.id = desired.tunnel.id;
    link.tunnel.edgeId = desired.tunnel.edgeId;
  }
  link.peerId = desired.peer?.id;
  context.links.put(link);
  return existing;
}

/** undefined: no number or socket is left for it, which `readPlan` has made sure of unless uplinks came and went a lot. */
function addLink(
  { context, devices, tunnels, sockets }: Parts,
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
  context.links.put(link);
  devices.bind(link);
  if (desired.tunnel !== undefined) tunnels.add(link, desired.tunnel.id, desired.tunnel.edgeId, now);
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
  devices.removePeer(entry, link, now);
  tunnels.remove(link);
  context.links.remove(link);
}

function closeIdleDevices(devices: Devices, links: readonly ExistingLink[]): void {
  const used = new Set(links.map(({ entry }) => entry));
  for (const entry of [...devices.all]) if (!used.has(entry)) devices.close(entry);
}

/** A shaped line gets no more at once than it sends in this time: a call must not wait behind a burst of bulk. */
const BURST_SECONDS = 0.002;

function limitBursts({ sockets, context }: Parts, plan: Plan): void {
  for (const { id, bitsPerSecond } of plan.uplinks) {
    const bytes = bitsPerSecond === undefined ? Number.POSITIVE_INFINITY : (bitsPerSecond / 8) * BURST_SECONDS;
    for (const family of FAMILIES) {
      const socket = sockets.numberOf(uplinkSocketName(id, family));
      if (socket !== undefined) context.io.limitBursts(socket, bytes);
    }
  }
}

/** Groups and routes refer to links and groups by number, so all of them are replaced together. */
function publishRouting(context: PathContext, plan: Plan, links: readonly ExistingLink[]): void {
  const groups = groupsOf(plan, links);
  const groupOf = new Map(groups.map((group, at) => [group.edgeId, at]));
  for (const { link } of links) {
    if (link.tunnel !== undefined) link.tunnel.group = groupOf.get(link.tunnel.edgeId) ?? -1;
  }
  context.groups.publish(context.groups.generation, groups);
  context.routing = {
    routes: buildRoutes(routesOf(plan, links, groupOf), plan.local),
    ownSources: buildAllowed(plan.local),
    mtu: plan.mtu,
    ownAddress: plan.overlayAddress.bytes,
  };
  context.classes.replace(plan.classes);
  for (const { link } of links) if (link.tunnel === undefined) link.mtu = plan.mtu;
  context.flows.forgetAll();
}

/** One group an edge, its tunnels as configured; steering puts them into its own order with `groups`. */
function groupsOf(plan: Plan, links: readonly ExistingLink[]): Group[] {
  const edges = new Set([...plan.edges.keys(), ...plan.tunnels.map((tunnel) => tunnel.edgeId)]);
  return [...edges].map((edgeId) => ({
    edgeId,
    tunnels: links.filter(({ link }) => link.tunnel?.edgeId === edgeId).map(({ link }) => link.number),
  }));
}

function routesOf(plan: Plan, links: readonly ExistingLink[], groupOf: ReadonlyMap<string, number>): SegmentRoute[] {
  return plan.routes.map(({ segment, prefix, nextHops, peerId }) => {
    const target: Target =
      peerId === undefined
        ? { kind: 'edges', groups: Int32Array.from(nextHops.flatMap((edgeId) => groupOf.get(edgeId) ?? [])) }
        : {
            kind: 'peer',
            links: Int32Array.from(links.filter(({ link }) => link.peerId === peerId).map(({ link }) => link.number)),
          };
    return { segment, prefix, target };
  });
}
