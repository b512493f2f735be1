/**
 * A `configure` command made ready: every key decoded, every prefix and endpoint parsed, every reference checked.
 * What comes out is right as a whole or not at all; the error names the first thing that is wrong, never a key.
 */
import {
  type Endpoint,
  hostPrefix,
  type IpAddress,
  type Prefix,
  parseAddress,
  parseEndpoint,
  parsePrefix,
} from '@patronus/net';
import { err, fromBase64, fromHex, ok, type Result, toHex } from '@patronus/wire';
import type {
  ConfigureCommand,
  ForwarderApplication,
  ForwarderBfdTimers,
  ForwarderEdge,
  ForwarderPolicy,
  ForwarderPriority,
  RoutesCommand,
  SegmentPrefix,
} from './control.ts';
import { MOST_LINKS, MOST_MTU } from './memory.ts';
import { type PlannedNeighbour, readNeighbours } from './neighbours/planned.ts';
import { Refusal } from './refusal.ts';
import type { PlannedApplication } from './tables/applications.ts';
import { DEFAULT_TREATMENT } from './tables/groups.ts';
import type { PlannedPolicy } from './tables/policies.ts';

export interface ParsedPrefix {
  readonly segment: number;
  readonly prefix: Prefix;
}

export interface PlannedUplink {
  readonly id: string;
  readonly privateKey: Uint8Array;
  readonly timestampFloor: Uint8Array | undefined;
  readonly bitsPerSecond: number | undefined;
}

export interface PlannedTunnel {
  readonly id: string;
  readonly uplinkId: string;
  readonly edgeId: string;
  readonly publicKey: Uint8Array;
  readonly family: 4 | 6;
  readonly endpoints: readonly Endpoint[];
  readonly bfd: ForwarderBfdTimers | undefined;
}

export interface PlannedPeer {
  readonly id: string;
  readonly uplinkId: string;
  readonly publicKey: Uint8Array;
  readonly presharedKey: Uint8Array | undefined;
  readonly allowed: readonly ParsedPrefix[];
}

export interface PlannedRoute extends ParsedPrefix {
  readonly nextHops: readonly string[];
  readonly peerId: string | undefined;
}

export interface PlannedRoutes {
  readonly set: readonly Omit<PlannedRoute, 'peerId'>[];
  readonly gone: readonly ParsedPrefix[];
}

export interface Plan {
  readonly serial: number;
  readonly mtu: number;
  readonly overlayAddress: IpAddress;
  /** The site's prefixes and the edge's own address: what packets from the TUN may come from, and what is ours. */
  readonly local: readonly ParsedPrefix[];
  readonly uplinks: readonly PlannedUplink[];
  readonly tunnels: readonly PlannedTunnel[];
  readonly edges: ReadonlyMap<string, readonly ParsedPrefix[]>;
  /** Of each edge in `edges`, of the family of ours. */
  readonly overlayAddresses: ReadonlyMap<string, Uint8Array>;
  /** By the identifier of echo requests that ask for the LAN behind an edge. */
  readonly reach: ReadonlyMap<number, string>;
  readonly peers: readonly PlannedPeer[];
  readonly routes: readonly PlannedRoute[];
  /** Tunnels whose silence is for BFD alone. */
  readonly silent: ReadonlySet<string>;
  readonly policies: readonly PlannedPolicy[];
  readonly applications: readonly PlannedApplication[];
  readonly neighbours: readonly PlannedNeighbour[];
}

const MOST_INTERVAL_MS = 60_000;

/** Reads the command; the error is a sentence for the log. */
export function readPlan(command: ConfigureCommand): Result<Plan, string> {
  return attempt('configuration', () => read(command));
}

/** Routes that changed: none of them counts where one is wrong. */
export function readRoutes({ set, gone }: RoutesCommand): Result<PlannedRoutes, string> {
  return attempt('routes', () => ({
    set: set.map((route) => ({ ...readPrefix(route), nextHops: route.nextHops.map(String) })),
    gone: gone.map(readPrefix),
  }));
}

function attempt<T>(what: string, work: () => T): Result<T, string> {
  try {
    return ok(work());
  } catch (error) {
    if (error instanceof Refusal) return err(error.message);
    // Its shape is not what the contract says (an older owner, a damaged file): just as unusable.
    if (error instanceof TypeError) return err(`${what} has not the agreed shape: ${error.message}`);
    throw error;
  }
}

function read(command: ConfigureCommand): Plan {
  const uplinks = command.uplinks.map(readUplink);
  const known = new Set(uplinks.map((uplink) => uplink.id));
  const tunnels = command.tunnels.map((tunnel) => readTunnel(tunnel, known));
  const peers = command.peers.map((peer) => readPeer(peer, known));
  refuseTwice([...tunnels, ...peers]);
  for (const { id, edgeId } of tunnels) {
    if (!command.edges.some((edge) => edge.id === edgeId)) {
      throw new Refusal(`tunnel ${id}: edge ${edgeId} is not in this configuration`);
    }
  }
  // A stock peer may call over either family, so it takes two links.
  if (tunnels.length + 2 * peers.length > MOST_LINKS) {
    throw new Refusal(`${tunnels.length} tunnels and ${peers.length} peers: one forwarder holds ${MOST_LINKS} links`);
  }
  if (!(command.mtu >= 576 && command.mtu <= MOST_MTU)) throw new Refusal(`mtu ${command.mtu}: use 576 to ${MOST_MTU}`);
  const overlayAddress = parseAddress(command.overlayAddress);
  if (overlayAddress === undefined) throw new Refusal(`overlay address ${command.overlayAddress} is not an IP address`);
  const applications = (command.applications ?? []).map(readApplication);
  const own = { segment: 0, prefix: hostPrefix(overlayAddress) };
  return {
    serial: command.serial,
    mtu: command.mtu,
    overlayAddress,
    local: [...command.local.map(readPrefix), own],
    uplinks,
    tunnels,
    edges: new Map(command.edges.map((edge) => [edge.id, edge.allowed.map(readPrefix)])),
    overlayAddresses: new Map(command.edges.map((edge) => [edge.id, readOverlayAddress(edge, overlayAddress)])),
    reach: new Map(
      command.edges.flatMap(({ id, reachIdentifier }) =>
        reachIdentifier === undefined ? [] : [[reachIdentifier, id]],
      ),
    ),
    peers,
    silent: new Set(command.tunnels.filter(({ suspectsSilence }) => suspectsSilence === false).map(({ id }) => id)),
    routes: command.routes.map((route) => ({ ...readPrefix(route), nextHops: route.nextHops, peerId: route.peerId })),
    policies: (command.policies ?? []).map((policy) => readPolicy(policy, applications)),
    applications,
    neighbours: readNeighbours(command.neighbours ?? []),
  };
}

/** Within one uplink and family a public key is one peer: WireGuard tells them apart by nothing else. */
function refuseTwice(links: readonly (PlannedTunnel | PlannedPeer)[]): void {
  const seen = new Map<string, string>();
  for (const link of links) {
    for (const family of 'family' in link ? [link.family] : [4, 6]) {
      const name = `${link.uplinkId}/${family}/${toHex(link.publicKey)}`;
      const other = seen.get(name);
      if (other !== undefined)
        throw new Refusal(`${other} and ${link.id} have the same key on uplink ${link.uplinkId}`);
      seen.set(name, link.id);
    }
  }
}

function readUplink(uplink: ConfigureCommand['uplinks'][number]): PlannedUplink {
  const { timestampFloor } = uplink;
  const floor = timestampFloor === null ? undefined : fromHex(timestampFloor);
  if (timestampFloor !== null && floor?.length !== 12) {
    throw new Refusal(`uplink ${uplink.id}: timestamp floor is not 24 hex digits`);
  }
  const privateKey = readKey(uplink.privateKey, `uplink ${uplink.id}: private key`);
  const { bitsPerSecond } = uplink;
  if (bitsPerSecond !== undefined && !(bitsPerSecond > 0)) {
    throw new Refusal(`uplink ${uplink.id}: a line of ${bitsPerSecond} bits a second carries nothing`);
  }
  return { id: uplink.id, privateKey, timestampFloor: floor, bitsPerSecond };
}

function readTunnel(tunnel: ConfigureCommand['tunnels'][number], uplinks: ReadonlySet<string>): PlannedTunnel {
  requireUplink(tunnel.uplinkId, uplinks, `tunnel ${tunnel.id}`);
  const endpoints = tunnel.endpoints.map((text) => {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined) throw new Refusal(`tunnel ${tunnel.id}: ${text} is not an endpoint`);
    return endpoint;
  });
  return {
    id: tunnel.id,
    uplinkId: tunnel.uplinkId,
    edgeId: tunnel.edgeId,
    publicKey: readKey(tunnel.publicKey, `tunnel ${tunnel.id}: public key`),
    family: tunnel.family,
    // A candidate of the other family belongs to the other tunnel of this pair of uplinks.
    endpoints: endpoints.filter((endpoint) => endpoint.address.family === tunnel.family),
    bfd: readBfd(tunnel),
  };
}

function readBfd({ id, bfd }: ConfigureCommand['tunnels'][number]): ForwarderBfdTimers | undefined {
  if (bfd === undefined) return undefined;
  const { intervalMs, idleIntervalMs, multiplier } = bfd;
  const isInterval = (ms: number) => ms >= 1 && ms <= MOST_INTERVAL_MS;
  if (!isInterval(intervalMs) || !isInterval(idleIntervalMs)) {
    throw new Refusal(
      `tunnel ${id}: BFD intervals of ${intervalMs} and ${idleIntervalMs} ms: use 1 to ${MOST_INTERVAL_MS}`,
    );
  }
  if (!(Number.isInteger(multiplier) && multiplier >= 1 && multiplier <= 255)) {
    throw new Refusal(`tunnel ${id}: BFD multiplier ${multiplier}: use 1 to 255`);
  }
  return bfd;
}

/** BFD runs between the overlay addresses of both edges. */
function readOverlayAddress({ id, overlayAddress }: ForwarderEdge, own: IpAddress): Uint8Array {
  const address = parseAddress(overlayAddress);
  if (address === undefined) throw new Refusal(`edge ${id}: overlay address ${overlayAddress} is not an IP address`);
  if (address.family !== own.family)
    throw new Refusal(`edge ${id}: its overlay address is not IPv${own.family} as ours is`);
  return address.bytes;
}

function readPeer(peer: ConfigureCommand['peers'][number], uplinks: ReadonlySet<string>): PlannedPeer {
  requireUplink(peer.uplinkId, uplinks, `peer ${peer.id}`);
  const presharedKey =
    peer.presharedKey === null ? undefined : readKey(peer.presharedKey, `peer ${peer.id}: preshared key`);
  return {
    id: peer.id,
    uplinkId: peer.uplinkId,
    publicKey: readKey(peer.publicKey, `peer ${peer.id}: public key`),
    presharedKey,
    allowed: peer.allowed.map(readPrefix),
  };
}

const MOST_LEVEL = 16;

function readApplication({ id, ports, prefixes, names }: ForwarderApplication): PlannedApplication {
  const parsed = prefixes.map((prefix) => readPrefix({ segment: 0, prefix }));
  return { id, ports, prefixes: parsed, prefixTexts: prefixes, names };
}

const priorities: readonly string[] = ['realtime', 'high', 'normal', 'bulk'] satisfies readonly ForwarderPriority[];

function readPolicy(policy: ForwarderPolicy, applications: readonly PlannedApplication[]): PlannedPolicy {
  const { id, match, compression, mark = null, limitPercent = null, priority = 'normal' } = policy;
  const { action = 'allow', treatment = DEFAULT_TREATMENT } = policy;
  if (compression !== null && !(Number.isInteger(compression) && compression >= 0 && compression <= MOST_LEVEL)) {
    throw new Refusal(`policy ${id}: compression level ${compression} is not 0 to ${MOST_LEVEL}`);
  }
  if (action !== 'allow' && action !== 'deny') throw new Refusal(`policy ${id}: ${action} is not allow or deny`);
  if (!priorities.includes(priority)) throw new Refusal(`policy ${id}: there is no priority ${priority}`);
  requireRange(limitPercent, 1, 100, `policy ${id}: limit in percent`);
  requireRange(mark, 0, 63, `policy ${id}: mark`);
  const unknown = match.applications?.find((name) => !applications.some((application) => application.id === name));
  if (unknown !== undefined) throw new Refusal(`policy ${id}: application ${unknown} is not in this configuration`);
  const prefixes = (texts: readonly string[] | undefined) =>
    texts?.map((prefix) => readPrefix({ segment: match.segment ?? 0, prefix }));
  return {
    id,
    compression,
    ...{ isDenied: action === 'deny', treatment, priority, limitPercent, mark },
    match: {
      segment: match.segment,
      sources: prefixes(match.sources),
      destinations: prefixes(match.destinations),
      protocol: match.protocol,
      ports: match.ports,
      dscp: match.dscp,
      applications: match.applications,
    },
  };
}

function requireRange(value: number | null, least: number, most: number, what: string): void {
  if (value === null || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new Refusal(`${what} ${value} is not ${least} to ${most}`);
}

function requireUplink(id: string, uplinks: ReadonlySet<string>, what: string): void {
  if (!uplinks.has(id)) throw new Refusal(`${what}: uplink ${id} is not in this configuration`);
}

function readPrefix({ segment, prefix }: SegmentPrefix): ParsedPrefix {
  const parsed = parsePrefix(prefix);
  if (!parsed.ok) throw new Refusal(parsed.error.message);
  if (!(Number.isInteger(segment) && segment >= 0 && segment <= 0xffff))
    throw new Refusal(`segment ${segment} is not 0 to 65535`);
  return { segment, prefix: parsed.value };
}

function readKey(text: string, what: string): Uint8Array {
  const key = fromBase64(text);
  if (key?.length !== 32) throw new Refusal(`${what} is not 32 bytes of base64`);
  return key;
}
