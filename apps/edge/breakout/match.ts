/**
 * A policy's match as rules of nftables that lead out of its chain when something does not hold, and to `verdict` when
 * all of it does. Pure.
 */
import { comparePrefixes, formatPrefix, type Prefix, parsePrefix, prefixCovers } from '@patronus/net';
import type { ApplicationConfiguration, Policy } from '@patronus/protocol';

const [TCP, UDP] = [6, 17];
/** Those that begin with two ports: TCP, DCCP, UDP, SCTP, UDP-Lite. */
const withPorts = '{ 6, 17, 33, 132, 136 }';

/** The set of addresses that DNS gave for an application's names. */
export function nameSet(applicationId: string, family: 4 | 6): string {
  return `names${family}-${applicationId}`;
}

export interface MatchChains {
  /** The policy's own. */
  readonly first: string[];
  /** Where it goes on behind the ports, of which either may hold; empty where none are asked for. */
  readonly behindPorts: string[];
}

export function matchChains(
  { match }: Policy,
  applications: ReadonlyMap<string, ApplicationConfiguration>,
  behindPorts: string,
  verdict: string,
): MatchChains {
  const addresses = [
    ...prefixReturns('saddr', match.sources),
    ...prefixReturns('daddr', match.destinations),
    ...(match.protocol === undefined ? [] : [`meta l4proto != ${match.protocol} return`]),
  ];
  const rest = [
    ...(match.dscp === undefined
      ? []
      : ['ip', 'ip6'].map((ip) => `${ip} dscp != { ${match.dscp!.join(', ')} } return`)),
    ...(match.applications === undefined
      ? [`goto ${verdict}`]
      : match.applications.flatMap((id) => applicationRules(applications.get(id), verdict))),
  ];
  if (match.ports === undefined) return { first: [...addresses, ...rest], behindPorts: [] };
  return { first: [...addresses, ...portRules(match.ports, behindPorts)], behindPorts: rest };
}

/** An address of a family that the list does not speak of is none of its. */
function prefixReturns(side: 'saddr' | 'daddr', texts: readonly string[] | undefined): string[] {
  if (texts === undefined) return [];
  return ([4, 6] as const).map((family) => {
    const prefixes = prefixesOf(texts, family);
    if (prefixes.length === 0) return `meta nfproto ${nfproto(family)} return`;
    return `${ip(family)} ${side} != { ${prefixes.join(', ')} } return`;
  });
}

/**
 * Two rules, not one that says "neither": nft 1.0 makes one comparison of two neighbouring ports, and "not both" of it.
 */
function portRules(ports: readonly (readonly [number, number])[], behindPorts: string): string[] {
  const set = `{ ${mergedRanges(ports).join(', ')} }`;
  const sides = ['sport', 'dport'].map((side) => `th ${side} ${set} goto ${behindPorts}`);
  return [`meta l4proto != ${withPorts} return`, ...sides];
}

function applicationRules(application: ApplicationConfiguration | undefined, verdict: string): string[] {
  if (application === undefined) return [];
  const { id, ports, prefixes, names } = application;
  const byPort = [TCP, UDP].flatMap((protocol) => {
    const own = ports.filter((range) => range.protocol === protocol).map(({ first, last }) => [first, last] as const);
    const name = protocol === TCP ? 'tcp' : 'udp';
    return own.length === 0 ? [] : [`${name} dport { ${mergedRanges(own).join(', ')} } goto ${verdict}`];
  });
  const byAddress = ([4, 6] as const).flatMap((family) => {
    const own = prefixesOf(prefixes, family);
    return [
      ...(own.length === 0 ? [] : [`${ip(family)} daddr { ${own.join(', ')} } goto ${verdict}`]),
      ...(names.length === 0 ? [] : [`${ip(family)} daddr @${nameSet(id, family)} goto ${verdict}`]),
    ];
  });
  return [...byPort, ...byAddress];
}

/** Of this family, without those inside others: a set of nftables takes no overlaps. */
export function prefixesOf(texts: readonly string[], family: 4 | 6): string[] {
  const parsed = texts
    .flatMap((text): Prefix[] => {
      const result = parsePrefix(text);
      return result.ok && result.value.family === family ? [result.value] : [];
    })
    .sort(comparePrefixes);
  // Sorted, whatever covers a prefix stands before it, and the last one kept covers it if any does.
  const kept: Prefix[] = [];
  for (const prefix of parsed) {
    const last = kept.at(-1);
    if (last === undefined || !prefixCovers(last, prefix)) kept.push(prefix);
  }
  return kept.map(formatPrefix);
}

function mergedRanges(ranges: readonly (readonly [number, number])[]): string[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else if (first <= last) merged.push([first, last]);
  }
  return merged.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
}

const ip = (family: 4 | 6) => (family === 4 ? 'ip' : 'ip6');
const nfproto = (family: 4 | 6) => (family === 4 ? 'ipv4' : 'ipv6');
