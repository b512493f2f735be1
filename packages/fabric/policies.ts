/**
 * Policies: which packets a policy takes, and which policies cannot mean what they say. A match that can match
 * nothing is a mistake; a policy that an earlier one hides may be left over.
 */
import { type Prefix, parsePrefix, prefixCovers } from '@patronus/net';
import { sitePrefixes } from './compilePolicies.ts';
import type { Model, Policy, TrafficMatch } from './model.ts';

/** A configuration carries so many at most; the forwarder asks them in order for each new flow. */
export const MAX_POLICIES = 256;
/** Prefixes on one side of a match, those of its sites included. */
export const MAX_MATCHED_PREFIXES = 1024;

/** Protocols that have ports, by their number (RFC 9293, 768, 9260, 4340, 3828). */
const protocolsWithPorts: ReadonlySet<number> = new Set([6, 17, 132, 33, 136]);
const ICMP = 1;
const ICMPV6 = 58;

export interface MatchFault {
  /** Stable: `POLICY_PORTS_REVERSED`. */
  readonly code: string;
  readonly field: keyof TrafficMatch;
  readonly message: string;
}

/** Why no packet can ever be matched; empty when one can. */
export function matchFaults(match: TrafficMatch): MatchFault[] {
  return [...invalidPrefixes(match), ...impossiblePorts(match), ...impossibleFamilies(match), ...invalidDscp(match)];
}

function invalidPrefixes(match: TrafficMatch): MatchFault[] {
  return (['sources', 'destinations'] as const).flatMap((field) =>
    (match[field] ?? []).flatMap((text): MatchFault[] => {
      const parsed = parsePrefix(text);
      return parsed.ok ? [] : [{ code: 'POLICY_PREFIX_INVALID', field, message: parsed.error.message }];
    }),
  );
}

function impossiblePorts({ ports, protocol }: TrafficMatch): MatchFault[] {
  if (ports === undefined) return [];
  const reversed = ports.flatMap(([first, last]): MatchFault[] => {
    const message = `ports ${first}-${last} hold none: write the lower one first, ${last}-${first}`;
    return first <= last ? [] : [{ code: 'POLICY_PORTS_REVERSED', field: 'ports', message }];
  });
  if (protocol === undefined || protocolsWithPorts.has(protocol)) return reversed;
  const message = `protocol ${protocol} has no ports, so that no packet matches; leave the ports out, or choose tcp, udp or sctp`;
  return [...reversed, { code: 'POLICY_PROTOCOL_WITHOUT_PORTS', field: 'ports', message }];
}

/** A packet has one family: all that names one has to name the same at least once. */
function impossibleFamilies({ sources, destinations, protocol }: TrafficMatch): MatchFault[] {
  const [from, to] = [familiesOf(sources), familiesOf(destinations)];
  if (![...from].some((family) => to.has(family))) {
    const message = 'sources and destinations are of different address families: no packet has both';
    return [{ code: 'POLICY_FAMILIES_DIFFER', field: 'destinations', message }];
  }
  const needed = protocol === ICMP ? 4 : protocol === ICMPV6 ? 6 : undefined;
  if (needed === undefined || (from.has(needed) && to.has(needed))) return [];
  const [name, other] = needed === 4 ? ['icmp', 'icmpv6'] : ['icmpv6', 'icmp'];
  const message = `${name} is of IPv${needed}, and the prefixes are not: no packet matches; choose ${other}`;
  return [{ code: 'POLICY_PROTOCOL_OF_OTHER_FAMILY', field: 'protocol', message }];
}

function familiesOf(prefixes: readonly string[] | undefined): Set<4 | 6> {
  return new Set(prefixes === undefined ? [4, 6] : prefixes.map((text) => (text.includes(':') ? 6 : 4)));
}

function invalidDscp({ dscp }: TrafficMatch): MatchFault[] {
  const wrong = dscp?.find((point) => !Number.isInteger(point) || point < 0 || point > 63);
  if (wrong === undefined) return [];
  return [{ code: 'POLICY_DSCP_INVALID', field: 'dscp', message: `DSCP ${wrong}: code points go from 0 to 63` }];
}

/** Policy → the first one in front of it that takes every packet it could. */
export function hiddenPolicies(
  policies: readonly Policy[],
  { sites, peers }: Pick<Model, 'sites' | 'peers'> = { sites: [], peers: [] },
): ReadonlyMap<Policy, Policy> {
  const matches = policies.map(({ match }) => ({
    ...match,
    sources: sitePrefixes({ sites, peers }, match.sources, match.sourceSites)?.flatMap(parsed),
    destinations: sitePrefixes({ sites, peers }, match.destinations, match.destinationSites)?.flatMap(parsed),
  }));
  const hidden = policies.flatMap((one, index): [Policy, Policy][] => {
    const by = matches.slice(0, index).findIndex((earlier) => takesAllOf(earlier, matches[index]!));
    return by < 0 ? [] : [[one, policies[by]!]];
  });
  return new Map(hidden);
}

interface ParsedMatch extends Omit<TrafficMatch, 'sources' | 'destinations'> {
  readonly sources: readonly Prefix[] | undefined;
  readonly destinations: readonly Prefix[] | undefined;
}

/** Whether all that `inner` matches, `outer` matches too. Says no where two of its parts would have to do it together. */
function takesAllOf(outer: ParsedMatch, inner: ParsedMatch): boolean {
  return (
    (outer.segment === undefined || outer.segment === inner.segment) &&
    (outer.protocol === undefined || outer.protocol === inner.protocol) &&
    holds(outer.ports, inner.ports, (wide, narrow) => wide[0] <= narrow[0] && wide[1] >= narrow[1]) &&
    holds(outer.dscp, inner.dscp, (one, other) => one === other) &&
    holds(outer.applications, inner.applications, (one, other) => one === other) &&
    holds(outer.sources, inner.sources, prefixCovers) &&
    holds(outer.destinations, inner.destinations, prefixCovers)
  );
}

/** Nothing given holds everything. */
function holds<T>(wide: readonly T[] | undefined, narrow: readonly T[] | undefined, covers: (a: T, b: T) => boolean) {
  return wide === undefined || (narrow?.every((one) => wide.some((other) => covers(other, one))) ?? false);
}

function parsed(text: string): Prefix[] {
  const prefix = parsePrefix(text);
  return prefix.ok ? [prefix.value] : [];
}
