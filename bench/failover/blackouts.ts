/**
 * Silent cuts: a stream of 1,000 packets a second each way between two sites of two uplinks, whose wire stops passing
 * packets (both ways, or one) while its link stays up. Each begins at a random phase from a state that was restored.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { GroupMode } from '@patronus/forwarder';
import { systemClock } from '@patronus/system/linux';
import { seededNumbers } from '@patronus/testkit';
import {
  type Cleanup,
  eventually,
  type Site,
  TwoSites,
  tunnelTo,
  UPLINKS,
  type UplinkName,
} from '../../test/interop/fixtures/twoSites.ts';
import { hasten } from '../forwarding/world.ts';
import { FLOW_PORTS, FlowWatch, flowsBetween, LengthCounter, startFlows } from './flows.ts';
import { Frr, hasFrr } from './frr.ts';
import { type Spread, spread } from './percentiles.ts';
import { type Loss, STREAM_PORT, Streams } from './streams.ts';

export interface BlackoutSettings {
  readonly cuts: number;
  readonly intervalMs: number;
  readonly multiplier: number;
  readonly seed: number;
  /** Nothing goes before other processes of the machine. */
  readonly isOrdinary: boolean;
}

export interface Blackouts {
  readonly cuts: number;
  /** Of each direction that was cut: packets lost, which are ms at this rate. */
  readonly lostMs: Spread;
  /** From Down at the sender to the last packet lost. */
  readonly switchAfterDownMs: Spread;
  /** From the first packet lost to Down at the sender. */
  readonly detectMs: Spread;
  /** Directions whose sender had left the path before it was Down: it had gone silent. */
  readonly switchedBeforeDown: number;
  /** Packets lost in the direction that was not cut. */
  readonly lostOtherWay: number;
  /** Every packet over both paths: lost in both directions, while one path was cut as often as this, and copies sent. */
  readonly duplicated: {
    readonly cuts: number;
    readonly lost: number;
    readonly copies: number;
    readonly cameTwice: number;
  };
  /** Times that a flow of the uplink that was not cut was seen on the other one. */
  readonly flowsMovedWrongly: number;
  /** Times that a flow of the cut uplink was: what shows that moves are seen. */
  readonly flowsMovedRightly: number;
  /** The same cuts, seen by FRR's bfdd at the sender; null: it is not installed. */
  readonly frr: { readonly detectMs: Spread; readonly missed: number } | null;
}

type Way = 'both' | 'leftToRight' | 'rightToLeft';

/** Longer than anything that is measured takes. */
const OUTAGE_MS = 900;
const SETTLE_MS = 200;
/** More than BFD allows for at these timers: worth an explanation. */
const MUCH_MS = 180;
const FLOWS_OF_EACH = 2;

export async function blackouts(
  context: Cleanup,
  settings: BlackoutSettings,
  tell: (text: string) => void,
): Promise<Blackouts> {
  const dice = seededNumbers(settings.seed);
  const random = () => dice() / 2 ** 32;
  const sites = new TwoSites(context);
  const { left, right } = sites;
  const ends = [left, right] as const;
  const bfd = { intervalMs: settings.intervalMs, idleIntervalMs: settings.intervalMs, multiplier: settings.multiplier };
  const change = (site: Site, other: Site) => ({
    tunnels: UPLINKS.map((id) => ({ ...tunnelTo(other, id), bfd })),
    edges: [
      {
        id: other.edgeId,
        allowed: [{ segment: 0, prefix: `10.${other.number}.0.0/16` }],
        overlayAddress: `100.64.0.${other.number}`,
      },
    ],
    overlayAddress: `100.64.0.${site.number}`,
    policies: UPLINKS.map((treatment, at) => ({
      ...{ id: treatment, match: { ports: [[FLOW_PORTS[at]!, FLOW_PORTS[at]!]] as const } },
      ...{ compression: null, treatment },
    })),
  });
  await sites.connect({ left: change(left, right), right: change(right, left) });
  const frr = hasFrr() ? ends.map((site) => startFrr(site, ends[2 - site.number]!, settings)) : undefined;
  for (const each of frr ?? []) context.after(() => each.stop());
  const streams = new Streams(left, right);
  context.after(() => streams.stop());
  await streams.begin();
  const flows = watchFlows(context, ends);
  if (!settings.isOrdinary) {
    const forwarders = await Promise.all(ends.map((site) => site.pid()));
    for (const pid of [...forwarders, ...streams.pids, ...(frr ?? []).map((each) => each.pid)]) hasten(pid);
  }

  const found = { lost: [] as number[], after: [] as number[], detect: [] as number[], frr: [] as number[] };
  let switchedBeforeDown = 0;
  let lostOtherWay = 0;
  let frrMissed = 0;
  const moved = { wrongly: 0, rightly: 0 };
  let latest: UplinkName | undefined;
  /** What the flows did since the last look, in which nothing happened but to this uplink. */
  const judge = (uplink = latest) => {
    latest = uplink;
    for (const [at, places] of flows.look().entries()) {
      const own = FLOW_PORTS.indexOf(flows.flows[at]!.port as never);
      const isElsewhere = [...places].some((place) => place % UPLINKS.length !== own);
      if (isElsewhere) moved[UPLINKS[own] === uplink ? 'rightly' : 'wrongly'] += 1;
    }
  };
  for (let cut = 0; cut < settings.cuts; cut++) {
    const uplink = UPLINKS[random() < 0.5 ? 0 : 1]!;
    const way: Way = cut % 2 === 0 ? 'both' : cut % 4 === 1 ? 'leftToRight' : 'rightToLeft';
    await prefer(ends, uplink, cut + 1);
    for (const site of ends) {
      await eventually('FRR to be up', () =>
        frr === undefined || frr[site.number - 1]!.isUp(ends[2 - site.number]!.outer(uplink)) ? true : undefined,
      );
    }
    // Those that came back late.
    judge();
    await pause(SETTLE_MS + random() * 3 * settings.intervalMs);
    const fromMs = systemClock.monotonicMs();
    drop(left, uplink, way);
    await pause(OUTAGE_MS);
    const toMs = systemClock.monotonicMs() - 50;
    for (const from of [0, 1] as const) {
      const loss = await streams.loss(from, fromMs, toMs);
      const isCut = way === 'both' || (way === 'leftToRight') === (from === 0);
      if (!isCut) {
        lostOtherWay += loss.lost;
        continue;
      }
      found.lost.push(loss.lost);
      const { firstLostMs, lastLostMs } = loss;
      if (loss.lost > MUCH_MS) tell(`${loss.lost} lost: ${whatHappened(ends, fromMs, loss)}`);
      if (firstLostMs === undefined || lastLostMs === undefined) continue;
      const downMs = ends[from]
        .all('tunnelState')
        .find(({ tunnelId, state, atMs }) => tunnelId === `tunnel-${uplink}` && state !== 'up' && atMs > fromMs)?.atMs;
      if (downMs === undefined || downMs > lastLostMs + 2) switchedBeforeDown += 1;
      if (downMs !== undefined) {
        found.after.push(Math.max(0, lastLostMs - downMs));
        found.detect.push(downMs - firstLostMs);
      }
      const seen = frr?.[from]?.downAt(ends[1 - from]!.outer(uplink), fromMs);
      if (seen !== undefined) found.frr.push(seen - firstLostMs);
      else frrMissed += 1;
    }
    await restore(ends);
    judge(uplink);
    tell(
      `cut ${cut + 1} of ${settings.cuts} (${uplink}, ${way}): lost ${found.lost.slice(way === 'both' ? -2 : -1).join(' and ')}`,
    );
  }
  const duplicated = { cuts: Math.ceil(settings.cuts / 10), lost: 0, copies: 0, cameTwice: 0 };
  for (let cut = 0; cut < duplicated.cuts; cut++) {
    const uplink = UPLINKS[cut % 2]!;
    await prefer(ends, uplink, settings.cuts + cut + 1, 'duplicate');
    // Those that came back late.
    judge();
    await pause(SETTLE_MS + random() * 3 * settings.intervalMs);
    const copiesBefore = await copies(ends);
    const fromMs = systemClock.monotonicMs();
    drop(left, uplink, 'both');
    await pause(OUTAGE_MS);
    const toMs = systemClock.monotonicMs() - 50;
    for (const from of [0, 1] as const) {
      const { lost, twice } = await streams.loss(from, fromMs, toMs);
      duplicated.lost += lost;
      duplicated.cameTwice += twice;
    }
    duplicated.copies += (await copies(ends)) - copiesBefore;
    await restore(ends);
    judge(uplink);
    tell(`duplicated, cut ${cut + 1} of ${duplicated.cuts} (${uplink}): lost ${duplicated.lost} so far`);
  }
  return {
    duplicated,
    flowsMovedWrongly: moved.wrongly,
    flowsMovedRightly: moved.rightly,
    cuts: settings.cuts,
    lostMs: spread(found.lost),
    switchAfterDownMs: spread(found.after),
    detectMs: spread(found.detect),
    switchedBeforeDown,
    lostOtherWay,
    frr: frr === undefined ? null : { detectMs: spread(found.frr), missed: frrMissed },
  };
}

/** What both forwarders said meanwhile, ms after the first packet that was lost. */
function whatHappened(
  ends: readonly Site[],
  fromMs: number,
  { firstLostMs = fromMs, lastLostMs = fromMs }: Loss,
): string {
  const told = ends.flatMap((site) =>
    site.events.flatMap((event) => {
      const { type } = event;
      if (type !== 'tunnelState' && type !== 'suspected' && type !== 'switched') return [];
      if (event.atMs < fromMs - OUTAGE_MS || event.atMs > lastLostMs + OUTAGE_MS) return [];
      const { atMs, heardAt, ...rest } = event;
      return [{ afterMs: Math.round(atMs - firstLostMs), edge: site.edgeId, ...rest }];
    }),
  );
  return `${JSON.stringify(told.sort((one, other) => one.afterMs - other.afterMs))}, last lost ${Math.round(lastLostMs - firstLostMs)} ms after the first`;
}

function startFrr(site: Site, other: Site, { intervalMs, multiplier }: BlackoutSettings): Frr {
  const peers = UPLINKS.map((uplink) => ({ local: site.outer(uplink), remote: other.outer(uplink) }));
  return new Frr(site.namespace, peers, intervalMs, multiplier);
}

/** How many packets both ends have sent a second time. */
async function copies(ends: readonly Site[]): Promise<number> {
  const reports = await Promise.all(ends.map((site) => site.telemetry()));
  return reports.reduce((sum, { protection }) => sum + (protection?.copies ?? 0), 0);
}

/** This uplink's tunnel, then the others. */
function tunnelsFrom(first: UplinkName): string[] {
  return [...UPLINKS].sort((a) => (a === first ? -1 : 1)).map((uplink) => `tunnel-${uplink}`);
}

/** Flows of each uplink both ways, counted where they come in. */
function watchFlows(context: Cleanup, ends: readonly Site[]): FlowWatch {
  const counters = ends.map((site) => {
    // Otherwise the wire carries several datagrams as one, which has another length.
    for (const uplink of UPLINKS) site.run('ethtool', '-K', `pt${uplink}`, 'tx-udp-segmentation', 'off');
    const places = UPLINKS.map((uplink) => ({ hook: 'ingress' as const, device: `pt${uplink}` }));
    return new LengthCounter((...args) => site.run('nft', ...args), places);
  });
  const flows = flowsBetween(ends, FLOWS_OF_EACH);
  startFlows(context, flows);
  return new FlowWatch(flows, counters);
}

/** Puts this uplink's tunnel first at both ends, and waits until both send through it. */
async function prefer(
  ends: readonly Site[],
  first: UplinkName,
  generation: number,
  mode: GroupMode = 'single',
): Promise<void> {
  for (const [at, site] of ends.entries()) {
    const { edgeId } = ends[1 - at]!;
    const ofFlows = UPLINKS.map((treatment) => ({ edgeId, treatment, tunnelIds: tunnelsFrom(treatment) }));
    site.tell({ type: 'groups', generation, groups: [{ edgeId, tunnelIds: tunnelsFrom(first), mode }, ...ofFlows] });
  }
  for (const site of ends) {
    await eventually(`${first} to carry the stream`, async () => {
      const isApplied = site.all('groupsApplied').some((applied) => applied.generation === generation);
      return isApplied && (await carrierFrom(site)) === `tunnel-${first}` ? true : undefined;
    });
  }
}

/** The tunnel that the stream from this site takes. */
async function carrierFrom(site: Site): Promise<string | null | undefined> {
  const before = site.all('flows').length;
  site.tell({ type: 'flows', id: before, port: STREAM_PORT });
  return (await site.saw('flows', before)).flows[0]?.tunnelId;
}

async function restore(ends: readonly [Site, Site]): Promise<void> {
  ends[0].run('nft', 'delete table netdev ptdrop');
  await Promise.all(ends.map((site) => site.tunnelsUp(2)));
}

/** In one transaction and out of sight of whoever sends: what leaves and what comes is dropped at the left end's wire. */
function drop(left: Site, uplink: UplinkName, way: Way): void {
  const chain = (hook: string) => `chain ${hook} { type filter hook ${hook} device "pt${uplink}" priority 0; drop; };`;
  const chains = [way === 'rightToLeft' ? '' : chain('egress'), way === 'leftToRight' ? '' : chain('ingress')];
  left.run('nft', `table netdev ptdrop { ${chains.join(' ')} }`);
}
