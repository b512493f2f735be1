/** "Why is it on this path?": one sentence for a flow, and a row for each path it could take. The same words everywhere. */
import type { PathPreference, SlaBounds, TunnelState } from './model.ts';
import { milliseconds, percent } from './sla.ts';

export interface ExplainedFlow {
  readonly source: string;
  readonly destination: string;
  /** IP protocol number; null: any. */
  readonly protocol: number | null;
  readonly port: number | null;
  /** As it was recognised; null: not. */
  readonly application: string | null;
}

/** A decision as steering or the channel's protocol has it. */
export interface ExplainedDecision {
  readonly number: number;
  readonly chosen: readonly string[];
  readonly rule: string;
  readonly reason: string;
  readonly candidates: readonly {
    readonly tunnelId: string;
    readonly rank: number | null;
    readonly state: TunnelState;
    readonly meetsSla: boolean | null;
    readonly roundTripUs: number | null;
    readonly loss: number | null;
    readonly jitterUs: number | null;
    readonly mos: number | null;
    readonly cost: number;
    readonly why: string;
  }[];
}

export interface Circumstances {
  readonly flow: ExplainedFlow;
  /** The policy's name; null: none matches. */
  readonly policy: string | null;
  readonly action: 'allow' | 'deny' | 'breakout';
  readonly sla: (SlaBounds & { readonly name: string }) | null;
  readonly path: PathPreference;
  /** Of the site or edge that it goes to; null: no route leads there. */
  readonly to: string | null;
  /** What it is sent through now; null: nothing is up; undefined: no such flow was seen, so it is what the next would take. */
  readonly tunnelId: string | null | undefined;
  /** Of those that lead there, the ones whose LAN does not answer; absent: none. */
  readonly silentLans?: readonly string[];
  /** The last change of its path group; null: none is remembered. */
  readonly decision: ExplainedDecision | null;
  /** When that was, in words: `12 s ago`, `at 2026-11-28T10:00:00.000Z`. */
  readonly when: string;
  /** Asked about a time that is over. */
  readonly isPast?: boolean;
  /** A tunnel as people know it: `tunnelWords`. */
  readonly nameOf: (tunnelId: string) => string;
}

export interface PathRow {
  readonly tunnelId: string;
  readonly path: string;
  readonly isUsed: boolean;
  readonly state: TunnelState;
  readonly roundTrip: string;
  readonly loss: string;
  readonly jitter: string;
  readonly opinion: string;
  readonly cost: string;
  readonly sla: string;
  readonly why: string;
}

export interface Explanation {
  readonly sentence: string;
  readonly rows: readonly PathRow[];
}

/** Never fails: what is not known is said to be so. */
export function explain(circumstances: Circumstances): Explanation {
  const { decision, nameOf, tunnelId } = circumstances;
  const used = tunnelId === undefined ? decision?.chosen : tunnelId === null ? [] : [tunnelId];
  const rows = (decision?.candidates ?? []).map(
    ({ tunnelId: id, state, meetsSla, roundTripUs, loss, jitterUs, mos, cost, why }): PathRow => ({
      ...{ tunnelId: id, path: nameOf(id), isUsed: used?.includes(id) ?? false, state, cost: String(cost), why },
      roundTrip: roundTripUs === null ? '–' : milliseconds(roundTripUs),
      loss: loss === null ? '–' : percent(loss),
      jitter: jitterUs === null ? '–' : milliseconds(jitterUs),
      opinion: mos === null ? '–' : mos.toFixed(1),
      sla: meetsSla === null ? '–' : meetsSla ? 'kept' : 'broken',
    }),
  );
  return { sentence: sentence(circumstances), rows };
}

function sentence(circumstances: Circumstances): string {
  const { action, to } = circumstances;
  const subject = belongingWords(circumstances);
  if (action === 'deny') return `${subject} and is denied.`;
  if (to === null) return `${subject}; no route leads to another site, so it leaves by this site's own routes.`;
  return `${subject}, and ${journeyWords({ ...circumstances, to })}`;
}

export type Journey = Pick<Circumstances, 'decision' | 'when' | 'nameOf' | 'tunnelId' | 'isPast' | 'silentLans'> & {
  readonly to: string;
};

/** Which way it goes and why, as what follows `it`: `goes to London over internet → lte. Decision 3, 12 s ago: …`. */
export function journeyWords(journey: Journey): string {
  return `${wayWords(journey)}${lanWords(journey)}`;
}

/** That a LAN is silent is said where it changes the way, and where it cannot. */
function lanWords({ to, silentLans = [] }: Journey): string {
  if (silentLans.includes(to))
    return ` The LAN behind ${to} does not answer; traffic goes there all the same, because nothing else leads there.`;
  if (silentLans.length === 0) return '';
  return ` It does not go to ${silentLans.join(' or ')}, because the LAN behind does not answer.`;
}

function wayWords({ to, decision, when, nameOf, tunnelId, isPast = false }: Journey): string {
  const used = tunnelId === undefined ? decision?.chosen : tunnelId === null ? [] : [tunnelId];
  const over =
    used === undefined
      ? 'over a path that no decision is remembered of'
      : used.length === 0
        ? `nowhere, for no path ${isPast ? 'was' : 'is'} up`
        : `over ${used.map(nameOf).join(' and ')}`;
  const verb = tunnelId === undefined ? (isPast ? 'would have gone' : 'would go') : isPast ? 'went' : 'goes';
  if (decision === null) return `${verb} to ${to} ${over}.`;
  const isElsewhere = used!.length > 0 && !used!.some((id) => decision.chosen.includes(id));
  const note = isElsewhere ? ' The packet path left that path by itself, and a decision is to follow.' : '';
  return `${verb} to ${to} ${over}. Decision ${decision.number}, ${when}: ${decision.reason}${note}`;
}

const protocols: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' };

/** `10.1.0.7 → 10.2.0.9 TCP port 443 (Zoom)`. */
export function flowWords({ source, destination, protocol, port, application }: ExplainedFlow): string {
  const name = protocol === null ? '' : ` ${protocols[protocol] ?? `protocol ${protocol}`}`;
  const known = application === null ? '' : ` (${application})`;
  return `${source} → ${destination}${name}${port === null ? '' : ` port ${port}`}${known}`;
}

/** Which policy takes it, and what that asks of its path. */
export function belongingWords({
  flow,
  policy,
  sla,
  path,
}: Pick<Circumstances, 'flow' | 'policy' | 'sla' | 'path'>): string {
  const wish = `${pathWords(path)}${sla === null ? '' : ` that keeps ${sla.name} (${boundsWords(sla)})`}`;
  return `${flowWords(flow)} belongs to ${policy === null ? 'no policy' : `the policy ${policy}`}: ${wish}`;
}

/** A tunnel by the labels of its uplinks, from this end: `internet → lte`. */
export function tunnelWords(label: string, remoteLabel: string, family: 4 | 6 | undefined): string {
  return `${label} → ${remoteLabel}${family === 6 ? ' (IPv6)' : ''}`;
}

/** What a path preference asks for. */
export function pathWords(path: PathPreference): string {
  switch (path.mode) {
    case 'best':
      return 'the best path';
    case 'cheapest':
      return 'the cheapest path';
    case 'ordered':
      return `the first path of ${path.labels.join(', ')}`;
    case 'balance':
      return `spread over ${path.weights.map(({ label, weight }) => `${label} (${weight})`).join(', ')}`;
    case 'duplicate':
      return 'each packet over the two best paths';
    case 'fec':
      return 'the best path, with parity packets';
  }
}

function boundsWords({ roundTripMs, jitterMs, loss, mos }: SlaBounds): string {
  const bounds = [
    roundTripMs === null ? [] : `round trip ≤ ${roundTripMs} ms`,
    jitterMs === null ? [] : `jitter ≤ ${jitterMs} ms`,
    loss === null ? [] : `loss ≤ ${percent(loss)}`,
    mos === null ? [] : `opinion score ≥ ${mos}`,
  ].flat();
  return bounds.length === 0 ? 'no bounds' : bounds.join(', ');
}
