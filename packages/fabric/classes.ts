/**
 * Traffic classes: which packets a class takes, and which classes cannot mean what they say. A match that can match
 * nothing is a mistake; a class that an earlier one hides may be left over.
 */
import { type Prefix, parsePrefix, prefixCovers } from '@patronus/net';
import type { TrafficClass, TrafficMatch } from './model.ts';

/** A configuration carries so many at most; the forwarder asks them in order for each new flow. */
export const MAX_CLASSES = 256;

/** Protocols that have ports, by their number (RFC 9293, 768, 9260, 4340, 3828). */
const protocolsWithPorts: ReadonlySet<number> = new Set([6, 17, 132, 33, 136]);
const ICMP = 1;
const ICMPV6 = 58;

export interface MatchFault {
  /** Stable: `CLASS_PORTS_REVERSED`. */
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
      return parsed.ok ? [] : [{ code: 'CLASS_PREFIX_INVALID', field, message: parsed.error.message }];
    }),
  );
}

function impossiblePorts({ ports, protocol }: TrafficMatch): MatchFault[] {
  if (ports === undefined) return [];
  const reversed = ports.flatMap(([first, last]): MatchFault[] => {
    const message = `ports ${first}-${last} hold none: write the lower one first, ${last}-${first}`;
    return first <= last ? [] : [{ code: 'CLASS_PORTS_REVERSED', field: 'ports', message }];
  });
  if (protocol === undefined || protocolsWithPorts.has(protocol)) return reversed;
  const message = `protocol ${protocol} has no ports, so that no packet matches; leave the ports out, or choose tcp, udp or sctp`;
  return [...reversed, { code: 'CLASS_PROTOCOL_WITHOUT_PORTS', field: 'ports', message }];
}

/** A packet has one family: all that names one has to name the same at least once. */
function impossibleFamilies({ sources, destinations, protocol }: TrafficMatch): MatchFault[] {
  const [from, to] = [familiesOf(sources), familiesOf(destinations)];
  if (![...from].some((family) => to.has(family))) {
    const message = 'sources and destinations are of different address families: no packet has both';
    return [{ code: 'CLASS_FAMILIES_DIFFER', field: 'destinations', message }];
  }
  const needed = protocol === ICMP ? 4 : protocol === ICMPV6 ? 6 : undefined;
  if (needed === undefined || (from.has(needed) && to.has(needed))) return [];
  const [name, other] = needed === 4 ? ['icmp', 'icmpv6'] : ['icmpv6', 'icmp'];
  const message = `${name} is of IPv${needed}, and the prefixes are not: no packet matches; choose ${other}`;
  return [{ code: 'CLASS_PROTOCOL_OF_OTHER_FAMILY', field: 'protocol', message }];
}

function familiesOf(prefixes: readonly string[] | undefined): Set<4 | 6> {
  return new Set(prefixes === undefined ? [4, 6] : prefixes.map((text) => (text.includes(':') ? 6 : 4)));
}

function invalidDscp({ dscp }: TrafficMatch): MatchFault[] {
  const wrong = dscp?.find((point) => !Number.isInteger(point) || point < 0 || point > 63);
  if (wrong === undefined) return [];
  return [{ code: 'CLASS_DSCP_INVALID', field: 'dscp', message: `DSCP ${wrong}: code points go from 0 to 63` }];
}

/** Class → the first one in front of it that takes every packet it could. */
export function hiddenClasses(classes: readonly TrafficClass[]): ReadonlyMap<TrafficClass, TrafficClass> {
  const matches = classes.map(({ match }) => ({
    ...match,
    sources: match.sources?.flatMap(parsed),
    destinations: match.destinations?.flatMap(parsed),
  }));
  const hidden = classes.flatMap((one, index): [TrafficClass, TrafficClass][] => {
    const by = matches.slice(0, index).findIndex((earlier) => takesAllOf(earlier, matches[index]!));
    return by < 0 ? [] : [[one, classes[by]!]];
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
