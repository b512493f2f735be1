/**
 * Which policy a flow belongs to, found as the packet path finds it: the first that holds for the flow's first packet.
 * A person who asks may leave things out, so that a condition may also be open: then a policy `depends`, and says on
 * what.
 */
import { formatAddress, type IpAddress, type Prefix, parsePrefix, prefixContains } from '@patronus/net';
import { sitePrefixes } from './compilePolicies.ts';
import type { Model, Policy, TrafficMatch } from './model.ts';
import type { Application } from './treatment.ts';

/** The first packet of a flow. What is undefined is not known. */
export interface Flow {
  readonly segment: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol number. */
  readonly protocol?: number | undefined;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
  readonly dscp?: number | undefined;
  /** Id; null: it was looked at, and is none that is known. */
  readonly application?: string | null | undefined;
}

export type Verdict = 'matches' | 'depends' | 'differs';

export interface Considered {
  readonly policy: Policy;
  readonly verdict: Verdict;
  /** What differs, what it depends on, or what holds; in words. */
  readonly why: string;
}

export interface PolicyMatchResult {
  /** The first that matches for certain; undefined: none does. */
  readonly policy: Policy | undefined;
  /** Those that were asked, in order, the one that matched last. */
  readonly considered: readonly Considered[];
}

/** One condition of a match for this flow, in the order of the sentence; undefined: not given. */
type Condition = (match: TrafficMatch, flow: Flow, model: Model) => Finding | undefined;
interface Finding {
  readonly verdict: Verdict;
  readonly words: string;
}

export function matchPolicy(model: Model, flow: Flow): PolicyMatchResult {
  const considered: Considered[] = [];
  for (const policy of model.policies) {
    const one = consider(model, policy, flow);
    considered.push(one);
    if (one.verdict === 'matches') return { policy, considered };
  }
  return { policy: undefined, considered };
}

function consider(model: Model, policy: Policy, flow: Flow): Considered {
  const findings = conditions.flatMap((condition) => condition(policy.match, flow, model) ?? []);
  const verdict = (['differs', 'depends'] as const).find((word) => findings.some((one) => one.verdict === word));
  if (verdict === undefined) {
    const why = findings.map(({ words }) => words).join(', ') || 'it is for every packet';
    return { policy, verdict: 'matches', why };
  }
  const open = findings.filter((one) => one.verdict === verdict).map(({ words }) => words);
  return { policy, verdict, why: open.join(', and ') };
}

const conditions: readonly Condition[] = [
  ({ segment }, flow) =>
    segment === undefined
      ? undefined
      : compared(segment === flow.segment, `segment ${flow.segment}`, `segment ${segment}`),
  ({ protocol }, flow) => {
    if (protocol === undefined) return undefined;
    if (flow.protocol === undefined) return depends(`it is for ${protocolWord(protocol)}`);
    return compared(protocol === flow.protocol, protocolWord(flow.protocol), protocolWord(protocol));
  },
  ({ ports }, flow) => (ports === undefined ? undefined : comparePorts(ports, flow)),
  ({ dscp }, flow) => {
    if (dscp === undefined) return undefined;
    const wanted = `DSCP ${dscp.join(' or ')}`;
    if (flow.dscp === undefined) return depends(`it is for packets with ${wanted}`);
    return compared(dscp.includes(flow.dscp), `DSCP ${flow.dscp}`, wanted);
  },
  ({ sources, sourceSites }, flow, model) =>
    compareAddress(model, flow.source, sources, sourceSites, (words) => `from ${words}`),
  ({ destinations, destinationSites }, flow, model) =>
    compareAddress(model, flow.destination, destinations, destinationSites, (words) => `to ${words}`),
  ({ applications }, flow, model) =>
    applications === undefined ? undefined : compareApplications(applications, flow, model.applications ?? []),
];

function compared(holds: boolean, has: string, wanted: string): Finding {
  return holds ? { verdict: 'matches', words: has } : { verdict: 'differs', words: `it is for ${wanted}, not ${has}` };
}

function depends(words: string): Finding {
  return { verdict: 'depends', words };
}

/** Source or destination port lies in one of the ranges. A packet of a protocol without ports has 0 for both. */
function comparePorts(ranges: NonNullable<TrafficMatch['ports']>, flow: Flow): Finding {
  const wanted = `port ${ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(', ')}`;
  const known = [flow.sourcePort, flow.destinationPort].filter((port) => port !== undefined);
  const held = known.find((port) => ranges.some(([first, last]) => port >= first && port <= last));
  if (held !== undefined) return { verdict: 'matches', words: `port ${held}` };
  if (known.length < 2) return depends(`it is for ${wanted}`);
  return { verdict: 'differs', words: `it is for ${wanted}, not ${[...new Set(known)].join(' or ')}` };
}

function compareAddress(
  model: Model,
  address: IpAddress,
  named: readonly string[] | undefined,
  siteIds: readonly string[] | undefined,
  way: (words: string) => string,
): Finding | undefined {
  const prefixes = sitePrefixes(model, named, siteIds);
  if (prefixes === undefined) return undefined;
  const isHeld = prefixes.flatMap(parsed).some((prefix) => prefixContains(prefix, address));
  return compared(isHeld, way(formatAddress(address)), `packets ${way(namesOf(model, named, siteIds) || 'nowhere')}`);
}

/** Ports and addresses tell it from the first packet; a name shows later, in a client hello or a DNS answer. */
function compareApplications(ids: readonly string[], flow: Flow, known: readonly Application[]): Finding {
  const wanted = ids.map((id) => nameOf(known, id)).join(' or ');
  const { application } = flow;
  if (application != null && ids.includes(application))
    return { verdict: 'matches', words: nameOf(known, application) };
  const named = known.filter(({ id }) => ids.includes(id));
  const verdicts = named.map((one) => recognise(one, flow));
  if (verdicts.includes('matches')) return { verdict: 'matches', words: `what looks like ${wanted}` };
  const mayShow = application === undefined && named.some(({ names }) => names.length > 0);
  if (mayShow) return depends(`it is for ${wanted}, which a name in a later packet may show`);
  if (verdicts.includes('depends')) return depends(`it is for ${wanted}, which its ports may show`);
  return { verdict: 'differs', words: `it is for ${wanted}` };
}

/** By an address or a port of either side, as the packet path looks at it. */
function recognise({ ports, prefixes }: Application, { protocol, ...flow }: Flow): Verdict {
  const held = prefixes.flatMap(parsed);
  if (held.some((one) => prefixContains(one, flow.destination) || prefixContains(one, flow.source))) return 'matches';
  const known = [flow.sourcePort, flow.destinationPort].filter((port) => port !== undefined);
  const verdicts = ports.map((range): Verdict => {
    if (protocol !== undefined && protocol !== range.protocol) return 'differs';
    const isHeld = known.some((port) => port >= range.first && port <= range.last);
    if (!isHeld && known.length === 2) return 'differs';
    return isHeld && protocol !== undefined ? 'matches' : 'depends';
  });
  return verdicts.includes('matches') ? 'matches' : verdicts.includes('depends') ? 'depends' : 'differs';
}

function nameOf(known: readonly Application[], id: string): string {
  return known.find((one) => one.id === id)?.name ?? id;
}

function namesOf({ sites }: Model, prefixes: readonly string[] = [], siteIds: readonly string[] = []): string {
  return [...siteIds.map((id) => sites.find((site) => site.id === id)?.name ?? id), ...prefixes].join(' or ');
}

const words: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' };

/** `tcp`; `protocol 47` where it has no common name. */
export function protocolWord(protocol: number): string {
  return words[protocol] ?? `protocol ${protocol}`;
}

function parsed(text: string): Prefix[] {
  const prefix = parsePrefix(text);
  return prefix.ok ? [prefix.value] : [];
}
