/** What is known after an event, of what is configured alone, so that nothing grows. */
import { failAgain, noteTrouble } from './damping.ts';
import { noReports, remember } from './evidence.ts';
import type {
  ObservedTunnel,
  QualityReport,
  SteeredTreatment,
  SteeredTunnel,
  SteeringEvent,
  SteeringState,
  Verdict,
} from './model.ts';
import { convict } from './sla.ts';
import type { Thresholds } from './thresholds.ts';

export interface Known {
  readonly tunnels: SteeringState['tunnels'];
  readonly uplinks: SteeringState['uplinks'];
  readonly unreachable: SteeringState['unreachable'];
}

export interface Plan {
  readonly tunnels: ReadonlyMap<string, SteeredTunnel>;
  readonly treatments: readonly SteeredTreatment[];
  readonly treatmentOf: ReadonlyMap<string, SteeredTreatment>;
  readonly edges: ReadonlyMap<string, readonly SteeredTunnel[]>;
  readonly thresholds: Thresholds;
}

/** `touched`: the edges whose groups may change. */
export function observe(
  known: Known,
  event: SteeringEvent,
  plan: Plan,
  atMs: number,
): { readonly known: Known; readonly touched: ReadonlySet<string> | 'all' } {
  switch (event.type) {
    case 'configured':
      return { known: restrict(known, plan, atMs), touched: 'all' };
    case 'tunnelState':
      return changeState(known, event, plan, atMs);
    case 'suspected':
      return suspect(known, event, plan, atMs);
    case 'measured':
      return measure(known, event.tunnels, plan, atMs);
    case 'reach':
      return { known: reach(known, event.edgeId, event.isReachable, plan), touched: new Set() };
    case 'tick':
      return { known, touched: 'all' };
  }
}

function restrict({ tunnels, uplinks, unreachable }: Known, plan: Plan, atMs: number): Known {
  const treatments = new Set(plan.treatments.filter(({ sla }) => sla !== null).map(({ id }) => id));
  const ends = new Set(
    [...plan.tunnels.values()].flatMap(({ uplinkId, remoteUplinkId }) => [uplinkId, remoteUplinkId]),
  );
  return {
    tunnels: Object.fromEntries(
      [...plan.tunnels.keys()].map((id) => {
        const tunnel = Object.hasOwn(tunnels, id) ? tunnels[id]! : fresh(atMs);
        const verdicts = Object.entries(tunnel.verdicts).filter(([treatment]) => treatments.has(treatment));
        return [id, { ...tunnel, verdicts: Object.fromEntries(verdicts) }];
      }),
    ),
    uplinks: Object.fromEntries(Object.entries(uplinks).filter(([id]) => ends.has(id))),
    unreachable: unreachable.filter((edgeId) => plan.edges.has(edgeId)),
  };
}

function fresh(atMs: number): ObservedTunnel {
  return { state: 'connecting', sinceMs: atMs, reason: '', flaps: null, ...noReports, verdicts: {} };
}

function changeState(known: Known, event: Extract<SteeringEvent, { type: 'tunnelState' }>, plan: Plan, atMs: number) {
  const tunnel = plan.tunnels.get(event.tunnelId);
  const before = known.tunnels[event.tunnelId];
  if (tunnel === undefined || before === undefined || before.state === event.state)
    return { known, touched: new Set<string>() };
  const hasFailed = before.state === 'up' && event.state === 'down';
  // Whether it is silent is asked of what is up only, and from then on.
  const { silentBy: _over, ...rest } = before;
  const after: ObservedTunnel = {
    ...rest,
    state: event.state,
    sinceMs: atMs,
    reason: event.reason ?? '',
    flaps: hasFailed ? failAgain(before.flaps, atMs, plan.thresholds) : before.flaps,
    // What was measured before says nothing about the path it comes back with.
    ...(event.state === 'up' ? {} : noReports),
  };
  const uplinks = hasFailed ? noteTrouble(known.uplinks, tunnel, atMs) : known.uplinks;
  return {
    known: { ...known, tunnels: { ...known.tunnels, [event.tunnelId]: after }, uplinks },
    touched: new Set([tunnel.edgeId]),
  };
}

/** What shares an uplink with it may be as silent, and carry too little to show it. */
function suspect(known: Known, event: Extract<SteeringEvent, { type: 'suspected' }>, plan: Plan, atMs: number) {
  const tunnel = plan.tunnels.get(event.tunnelId);
  const before = known.tunnels[event.tunnelId];
  if (tunnel === undefined || before?.state !== 'up') return { known, touched: new Set<string>() };
  const { silentBy = [], ...rest } = before;
  const others = silentBy.filter((witness) => witness !== event.by);
  const witnesses = event.isSuspected ? [...others, event.by].sort() : others;
  const after: ObservedTunnel = witnesses.length === 0 ? rest : { ...rest, silentBy: witnesses };
  const isNew = silentBy.length === 0 && witnesses.length > 0;
  return {
    known: {
      ...known,
      tunnels: { ...known.tunnels, [event.tunnelId]: after },
      uplinks: isNew ? noteTrouble(known.uplinks, tunnel, atMs) : known.uplinks,
    },
    touched: new Set([tunnel.edgeId]),
  };
}

function measure(known: Known, reports: readonly QualityReport[], plan: Plan, atMs: number) {
  const tunnels: Record<string, ObservedTunnel> = { ...known.tunnels };
  let uplinks = known.uplinks;
  const touched = new Set<string>();
  for (const report of reports) {
    const tunnel = plan.tunnels.get(report.id);
    const before = tunnels[report.id];
    if (tunnel === undefined || before === undefined || before.state !== 'up') continue;
    const measured = { ...before, ...remember(before, report, atMs, plan.thresholds) };
    const { verdicts, hasFailed } = judge(measured, plan, atMs);
    tunnels[report.id] = { ...measured, verdicts };
    if (hasFailed) uplinks = noteTrouble(uplinks, tunnel, atMs);
    touched.add(tunnel.edgeId);
  }
  return { known: { ...known, tunnels, uplinks }, touched };
}

/** `hasFailed`: it broke a bound that it kept before. */
function judge(
  tunnel: ObservedTunnel,
  { treatments, thresholds }: Plan,
  atMs: number,
): { verdicts: ObservedTunnel['verdicts']; hasFailed: boolean } {
  let verdicts = tunnel.verdicts;
  let hasFailed = false;
  for (const { id, sla } of treatments) {
    const why = sla === null ? undefined : convict(tunnel, sla, thresholds);
    if (why === undefined) continue;
    const before = Object.hasOwn(verdicts, id) ? verdicts[id] : undefined;
    const isNew = before === undefined || before.convictedMs + thresholds.recoveryMs <= atMs;
    hasFailed ||= isNew;
    const verdict: Verdict = {
      convictedMs: atMs,
      why,
      flaps: isNew ? failAgain(before?.flaps, atMs, thresholds) : before.flaps,
    };
    verdicts = { ...verdicts, [id]: verdict };
  }
  return { verdicts, hasFailed };
}

function reach(known: Known, edgeId: string, isReachable: boolean, plan: Plan): Known {
  if (!plan.edges.has(edgeId)) return known;
  const others = known.unreachable.filter((one) => one !== edgeId);
  return { ...known, unreachable: isReachable ? others : [...others, edgeId].sort() };
}
