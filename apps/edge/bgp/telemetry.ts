/** What the controller is told of BGP: sessions, and some of the routes. No keys are in it. */
import type { NeighbourReport, RouteReport, Speaker } from '@patronus/bgp';
import type { PrefixRange } from '@patronus/fabric';
import { formatAddress, parseAddress, parsePrefix } from '@patronus/net';
import {
  type BgpConfiguration,
  type BgpRouteTelemetry,
  type BgpSessionTelemetry,
  type BgpTelemetry,
  MAX_REPORTED_BGP_ROUTES,
} from '@patronus/protocol';
import { rangesHold } from './ranges.ts';
import type { Sessions } from './sessions.ts';

export interface Known {
  readonly bgp: BgpConfiguration;
  readonly nowMs: number;
  /** What this site may bring. */
  readonly own: readonly PrefixRange[];
  readonly routesTotal: number;
  readonly edgeAt: (nextHop: Uint8Array) => string | undefined;
}

const longestText = 300;

export function tellBgp(speaker: Speaker, sessions: Sessions, known: Known): BgpTelemetry {
  const { bgp, nowMs, own } = known;
  const tallies = speaker.routes.tallies();
  const tell = (id: string, remoteAs: number, why: (refused: RouteReport) => string): BgpSessionTelemetry[] => {
    const neighbour = speaker.neighbour(id);
    if (neighbour === undefined) return [];
    const report = speaker.neighbourReport(neighbour, nowMs);
    const { accepted = 0, refused } = tallies.get(id) ?? {};
    return [
      {
        ...sessionOf(report, id, remoteAs),
        sinceMs: sessions.sinceOf(id) ?? 0,
        ...{ accepted, overLimit: report.state === 'Established' ? null : (sessions.overLimit(id) ?? null) },
        refusal: refused === undefined ? null : `${refused.prefix}: ${why(refused)}`.slice(0, longestText),
      },
    ];
  };
  return {
    neighbours: bgp.neighbours.flatMap(({ id, remoteAs }) => tell(id, remoteAs, (route) => whyNotOfRouter(route, own))),
    fabric: bgp.fabric.flatMap(({ edgeId }) => tell(edgeId, bgp.as, whyNotOfEdge)),
    routes: routesOf(speaker, known),
    routesTotal: known.routesTotal,
  };
}

function sessionOf(report: NeighbourReport, id: string, remoteAs: number) {
  const sum = (count: (family: NeighbourReport['families'][number]) => number) =>
    report.families.reduce((total, family) => total + count(family), 0);
  return {
    ...{ id, address: report.address, remoteAs },
    state: wordOf(report.state),
    received: sum(({ received }) => received),
    advertised: sum(({ sent }) => sent),
    flaps: report.flaps,
    lastError: report.lastError?.slice(0, longestText) ?? null,
  };
}

function wordOf(state: NeighbourReport['state']): BgpSessionTelemetry['state'] {
  return `${state[0]!.toLowerCase()}${state.slice(1)}` as BgpSessionTelemetry['state'];
}

/** Which of the rules it was that a route did not pass. */
function whyNotOfRouter({ prefix, refusal }: RouteReport, own: readonly PrefixRange[]): string {
  if (refusal !== null && refusal !== 'import policy') return refusal;
  const parsed = parsePrefix(prefix);
  if (parsed.ok && !rangesHold(own, parsed.value)) {
    return 'this site is not allowed to bring it; allow it, or see what the router announces';
  }
  return 'the neighbour’s import policy does not let it in';
}

function whyNotOfEdge({ nextHop, refusal }: RouteReport): string {
  if (refusal !== null && refusal !== 'import policy') return refusal;
  return `the site of the edge at ${nextHop} is not allowed to bring it`;
}

function routesOf(speaker: Speaker, { edgeAt }: Known): BgpRouteTelemetry[] {
  const told: BgpRouteTelemetry[] = [];
  for (const route of speaker.routes.reports({ isBestOnly: true })) {
    if (route.from === 'local' || !route.isEligible) continue;
    const [nextHop = ''] = route.nextHop.split(' ');
    const hop = parseAddress(nextHop);
    const { 'as-path': asPath, 'local-pref': localPreference, communities } = route.attributes;
    told.push({
      ...{ prefix: route.prefix, from: route.from },
      nextHop: hop === undefined ? nextHop : formatAddress(hop),
      originEdgeId: (hop === undefined ? undefined : edgeAt(hop.bytes)) ?? null,
      asPath: typeof asPath === 'string' ? asPath.slice(0, longestText) : '',
      localPreference: typeof localPreference === 'number' ? localPreference : 0,
      communities: Array.isArray(communities) ? communities.map(String).slice(0, 32) : [],
    });
    if (told.length === MAX_REPORTED_BGP_ROUTES) break;
  }
  return told;
}
