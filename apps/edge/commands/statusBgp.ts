/** BGP of an edge, for `patronus edge status`. Pure. */
import type { BgpSessionTelemetry } from '@patronus/protocol';
import type { EdgeStatus } from '../status/status.ts';
import { formatTable } from './table.ts';

/** Routes shown one by one; `--json` has more. */
const shownRoutes = 20;

/** Nothing where it is spoken with nobody. */
export function formatBgp(bgp: EdgeStatus['bgp'], nowMs: number): string[] {
  if (bgp == null) return [];
  const rows = [
    ...bgp.neighbours.map((session) => sessionRow('router', session, nowMs)),
    ...bgp.fabric.map((session) => sessionRow('edge', session, nowMs)),
  ];
  const up = [...bgp.neighbours, ...bgp.fabric].filter(({ state }) => state === 'established').length;
  const headers = ['With', 'Address', 'AS', 'State', 'For', 'In', 'Taken', 'Out', 'Flaps', 'Last error or refusal'];
  return [
    ...['', `BGP            ${up} of ${rows.length} sessions established, ${bgp.routesTotal} routes`],
    ...(rows.length === 0 ? [] : formatTable(headers, rows)),
    ...routeLines(bgp),
  ];
}

function sessionRow(kind: string, session: BgpSessionTelemetry, nowMs: number): string[] {
  const { address, remoteAs, state, sinceMs, received, accepted, advertised, flaps, lastError, refusal } = session;
  return [
    ...[kind, address, String(remoteAs), state, sinceMs === 0 ? '–' : spanOf(nowMs - sinceMs)],
    ...[received, accepted, advertised, flaps].map(String),
    refusal ?? lastError ?? '',
  ];
}

function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function routeLines({ routes, routesTotal }: NonNullable<EdgeStatus['bgp']>): string[] {
  if (routes.length === 0) return [];
  const rows = routes
    .slice(0, shownRoutes)
    .map(({ prefix, nextHop, originEdgeId, asPath }) => [prefix, originEdgeId ?? 'this site', nextHop, asPath]);
  const more = routesTotal - rows.length;
  return [
    ...['', ...formatTable(['Prefix', 'Behind', 'Next hop', 'AS path'], rows)],
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
