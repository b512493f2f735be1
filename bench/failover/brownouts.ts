/**
 * Paths that get bad without failing: three gateways with real edges, so that steering decides. A stream of 1,000 packets a
 * second both ways between two of them under an SLA class; what comes by the uplink that carries one direction of it is lost
 * to 5 %, where it was 0.1 %, or comes 150 ms later. Flows between all of them have no reason to move unless they come that
 * way. And the opposite: load that swings over a shaped uplink, which must move nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@patronus/system/linux';
import { seededNumbers } from '@patronus/testkit';
import { type Gateway, uplinkNames } from '../../test/interop/fixtures/edgeWorld.ts';
import type { Cleanup } from '../../test/interop/fixtures/twoSites.ts';
import { enterOwnNamespace } from '../../test/interop/ownNamespace.ts';
import { hasten } from '../forwarding/world.ts';
import { carrierTo, leaves, type Uplink } from './carriers.ts';
import { Decisions } from './decisions.ts';
import { pidsOf, startGateways, UPLINK_BITS_PER_SECOND, withStream } from './gateways.ts';
import { percentile, type Spread, spread } from './percentiles.ts';
import { type Swing, swing } from './swing.ts';
import { Watched } from './watched.ts';

export interface Brownouts {
  readonly count: number;
  /** From its beginning to the stream having left the uplink, of all kinds. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly loss: Spread;
  readonly delay: Spread;
  /** Not left within `PATIENCE_MS`. */
  readonly stayed: number;
  /** Times that a flow was seen on another wire although nothing was wrong with its own. */
  readonly flowsMovedWrongly: number;
  /** Times that one left the wire that was bad: what shows that moves are seen. */
  readonly flowsMovedRightly: number;
  /** Times that one of the other direction left a wire together with those, because both ends leave a silent tunnel. */
  readonly flowsMovedAlong: number;
}

const GATEWAYS = 3;
const BASELINE_PER_MILLE = 1;
const BROWNOUT_PER_MILLE = 50;
const BROWNOUT_MS = 150;
const PATIENCE_MS = 10_000;
/** What takes longer than is aimed at is told with the decisions that were made meanwhile. */
const AIM_MS = 1_000;
/** A path that has recovered is trusted again so soon, so that the next brownout need not wait. Leaving is never limited. */
const steering = { holdMs: 1_500, longestHoldMs: 1_500, mostReturns: 1_000, dwellMs: 1_000, recoveryMs: 2_000 };
/** Long enough for reports of a healthy path to fill the window. */
const RECOVERY_MS = 4_000;

/** Makes an uplink bad for what comes by it, or good again. */
type Spoil = (gateway: Gateway, uplink: Uplink, isBad: boolean) => Promise<void> | void;

interface Wanted {
  readonly count: number;
  readonly swingSeconds: number;
  readonly seed: number;
  /** Nothing goes before other processes of the machine. */
  readonly isOrdinary: boolean;
}

export async function brownouts(
  context: Cleanup,
  { count, swingSeconds, seed, isOrdinary }: Wanted,
  tell: (text: string) => void,
): Promise<{ brownout: Brownouts; swing: Swing }> {
  enterOwnNamespace();
  const world = await startGateways(context, (configuration) => ({ ...withStream(configuration), steering }), GATEWAYS);
  const { gateways, wires } = world;
  for (const gateway of gateways) for (const uplink of uplinkNames) lose(gateway, uplink, BASELINE_PER_MILLE);
  if (!isOrdinary) for (const pid of [...gateways.flatMap(pidsOf), ...world.streams.pids]) hasten(pid);
  const watched = new Watched(context, gateways, tell);
  const dice = seededNumbers(seed);
  await pause(RECOVERY_MS);
  watched.begin();
  const decisions = new Decisions(gateways);
  let stayed = 0;
  const series = async (kind: 'loss' | 'delay', spoil: Spoil) => {
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      const gateway = gateways[at % 2]!;
      await pause(RECOVERY_MS + (dice() % 500));
      const uplink = await carrierTo(gateway);
      if (watched.begin() > 0) for (const line of decisions.since(systemClock.wallMs())) tell(line);
      decisions.since(0);
      const startMs = systemClock.monotonicMs();
      const startWallMs = systemClock.wallMs();
      await spoil(gateway, uplink, true);
      const leftMs = await leaves(gateway, uplink, startMs + PATIENCE_MS);
      if (leftMs === undefined) stayed += 1;
      else times.push(leftMs - startMs);
      await spoil(gateway, uplink, false);
      // 150 ms more are 150 ms of silence first, which might be a cut.
      const moved = watched.end(gateway, uplink, kind === 'delay');
      const took = leftMs === undefined ? 'stayed' : `${(leftMs - startMs).toFixed(0)} ms`;
      tell(`${kind} ${at + 1} of ${count} (to ${gateway.id} by ${uplink}): ${took}; wrongly moved: ${moved}`);
      const isOfInterest = moved > 0 || leftMs === undefined || leftMs - startMs > AIM_MS;
      if (isOfInterest) for (const line of decisions.since(startWallMs)) tell(line);
    }
    return times;
  };
  const losses = await series('loss', (gateway, uplink, isBad) =>
    lose(gateway, uplink, isBad ? BROWNOUT_PER_MILLE : BASELINE_PER_MILLE),
  );
  const relayPid = await wires.relay(context);
  if (!isOrdinary) hasten(relayPid);
  // What changing the wires lost has moved things, and for a reason.
  await pause(RECOVERY_MS);
  watched.forget();
  const delays = await series('delay', (gateway, uplink, isBad) =>
    wires.delay(gateway, uplink, isBad ? BROWNOUT_MS : 0),
  );
  await wires.bridge();
  const all = [...losses, ...delays];
  const brownout = {
    ...{ count: 2 * count, p50Ms: percentile(all, 0.5), p99Ms: percentile(all, 0.99) },
    ...{ loss: spread(losses), delay: spread(delays), stayed },
    ...{ flowsMovedWrongly: watched.wrongly, flowsMovedRightly: watched.rightly },
    flowsMovedAlong: watched.along,
  };
  return { brownout, swing: await swing(context, world, UPLINK_BITS_PER_SECOND, swingSeconds, tell) };
}

/** From here on so many of a thousand packets that come by this uplink are lost. */
function lose(gateway: Gateway, uplink: string, perMille: number): void {
  const table = `table netdev ptlose${uplink.slice(2)}`;
  const chain = `chain c { type filter hook ingress device "${uplink}" priority 0; numgen random mod 1000 < ${perMille} drop; }`;
  gateway.run('nft', `${table} {}; delete ${table}; ${table} { ${chain}; }`);
}
