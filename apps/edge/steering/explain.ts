/** Why a flow takes its path, from what this edge knows: flows, policies, routes and the ledger. Pure. */
import type { FlowReport } from '@patronus/forwarder';
import { type IpAddress, parseAddress, parsePrefix, prefixContains } from '@patronus/net';
import type { Configuration, DecisionTelemetry, Policy, TreatmentConfiguration } from '@patronus/protocol';
import { DEFAULT_TREATMENT, type Explanation, explain, tunnelWords } from '@patronus/steering';
import { EdgeError, exitCodes } from '../errors.ts';
import { orderNextHops } from '../forwarder/nextHops.ts';

export interface AskedFlow {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly from: string;
  readonly to: string;
  readonly protocol: number | undefined;
  readonly port: number | undefined;
}

/** Throws an EdgeError that says which address is none. */
export function readFlow(words: {
  from: string;
  to: string;
  protocol?: number | undefined;
  port?: number | undefined;
}): AskedFlow {
  const { from, to, protocol, port } = words;
  const [source, destination] = [from, to].map((text) => {
    const address = parseAddress(text);
    if (address === undefined) throw new EdgeError('BAD_ADDRESS', `${text} is not an IP address`, exitCodes.usage);
    return address;
  }) as [IpAddress, IpAddress];
  return { source, destination, from, to, protocol, port };
}

/** What this edge knows beside the flows. */
export interface Known {
  readonly configuration: Configuration;
  readonly ledger: { latest(treatment: string, edgeId: string): DecisionTelemetry | undefined };
  /** Edges whose LAN does not answer. */
  readonly unreachable: readonly string[];
}

/** `flows`: those that the forwarder knows and that fit, newest first. None: what the next one would take. */
export function explainFlow(
  asked: AskedFlow,
  flows: readonly FlowReport[],
  { configuration, ledger, unreachable }: Known,
  wallMs: number,
): Explanation {
  const [seen] = flows;
  const policy =
    seen === undefined
      ? matching(configuration.policies, asked)
      : configuration.policies.find(({ id }) => id === seen.policyId);
  const nextHops = orderNextHops(nextHopsTo(configuration, asked.destination), configuration.edges, unreachable);
  const edgeId = seen?.edgeId ?? nextHops[0];
  const treatment = treatmentOf(configuration, seen?.treatment ?? policy?.treatment ?? DEFAULT_TREATMENT.id);
  const decision = edgeId === undefined ? undefined : ledger.latest(treatment.id, edgeId);
  const slaClass = configuration.slaClasses.find(({ id }) => id === treatment.slaClassId);
  return explain({
    flow: {
      ...{ source: asked.from, destination: asked.to, application: seen?.application ?? null },
      protocol: seen?.protocol ?? asked.protocol ?? null,
      port: (seen !== undefined && hasPorts(seen.protocol) ? seen.destinationPort : asked.port) ?? null,
    },
    ...{ policy: policy?.name ?? null, action: policy?.action ?? 'allow', sla: slaClass ?? null, path: treatment.path },
    to: edgeId === undefined ? null : edgeId,
    silentLans: nextHops.filter((one) => unreachable.includes(one)),
    tunnelId: seen === undefined ? undefined : seen.tunnelId,
    decision: decision ?? null,
    when: decision === undefined ? '' : ago(wallMs - decision.wallMs),
    nameOf: (tunnelId) => nameOf(configuration, tunnelId),
  });
}

/** TCP and UDP; what stands in the place of ports elsewhere is nothing for people. */
function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17;
}

/** `internet → lte`: both ends' labels. */
export function nameOf({ tunnels, uplinks }: Configuration, tunnelId: string): string {
  const tunnel = tunnels.find(({ id }) => id === tunnelId);
  if (tunnel === undefined) return tunnelId;
  const label = uplinks.find(({ id }) => id === tunnel.uplinkId)?.label ?? tunnel.uplinkId;
  return tunnelWords(label, tunnel.remote.label === '' ? tunnel.remote.uplinkId : tunnel.remote.label, tunnel.family);
}

function treatmentOf({ treatments }: Configuration, id: string): TreatmentConfiguration {
  return (
    treatments.find((one) => one.id === id) ?? {
      id: DEFAULT_TREATMENT.id,
      slaClassId: null,
      path: { mode: 'cheapest' },
    }
  );
}

/** The first policy that a packet with nothing but these marks belongs to; what asks for more is passed over. */
function matching(policies: readonly Policy[], { source, destination, protocol, port }: AskedFlow): Policy | undefined {
  return policies.find(({ match }) => {
    if (match.applications !== undefined || match.dscp !== undefined || (match.segment ?? 0) !== 0) return false;
    if (match.protocol !== undefined && match.protocol !== protocol) return false;
    if (
      match.ports !== undefined &&
      !match.ports.some(([first, last]) => port !== undefined && first <= port && port <= last)
    )
      return false;
    return holds(match.sources, source) && holds(match.destinations, destination);
  });
}

function holds(prefixes: readonly string[] | undefined, address: IpAddress): boolean {
  return prefixes === undefined || prefixes.some((prefix) => lengthOf(prefix, address) >= 0);
}

/** Length of the prefix, if it holds the address; else -1. */
function lengthOf(text: string, address: IpAddress): number {
  const prefix = parsePrefix(text);
  return prefix.ok && prefixContains(prefix.value, address) ? prefix.value.length : -1;
}

/** None: it is the site's own, or no route leads there. */
function nextHopsTo({ routes, edges, local }: Configuration, destination: IpAddress): readonly string[] {
  let [longest, found]: [number, readonly string[]] = [-1, []];
  const offer = (prefix: string, edgeIds: readonly string[]) => {
    const length = lengthOf(prefix, destination);
    if (length > longest) [longest, found] = [length, edgeIds];
  };
  for (const { segment, prefix } of local) if (segment === 0) offer(prefix, []);
  for (const { segment, prefix, nextHops } of routes) if (segment === 0) offer(prefix, nextHops);
  for (const { id, overlayAddress } of edges)
    offer(`${overlayAddress}/${overlayAddress.includes(':') ? 128 : 32}`, [id]);
  return found;
}

function ago(ms: number): string {
  if (ms < 120_000) return `${Math.max(0, Math.round(ms / 1_000))} s ago`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min ago` : `${Math.round(ms / 3_600_000)} h ago`;
}
