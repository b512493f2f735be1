/** The wires of a running lab: holds each one's condition and makes the kernel and the relay agree with it. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { WireStatus } from './control.ts';
import { findUplink } from './find.ts';
import { conditionSteps, dropStep, relaySettings, type WireCondition } from './impair.ts';
import type { Layout, UplinkLayout } from './layout.ts';
import { type RelayProcess, startRelay } from './relay-process.ts';
import { runSteps } from './run.ts';
import { ipIn, type Step } from './step.ts';

export interface Wires {
  change(site: string, uplink: string, change: (now: WireCondition) => WireCondition): Promise<WireStatus>;
  /** Back to what the topology says. */
  restore(site: string, uplink: string): Promise<WireStatus>;
  /** Gives every wire its first condition. */
  begin(): Promise<void>;
  status(): WireStatus[];
  relayPid(): number | undefined;
  stop(): Promise<void>;
}

export function createWires(layout: Layout, logs: string): Wires {
  const uplinks = layout.sites.flatMap((site) => site.uplinks);
  const conditions = new Map<UplinkLayout, WireCondition>();
  const relayed = new Set<UplinkLayout>();
  let relay: RelayProcess | undefined;
  /** Changes go one after another: two at once could leave a wire neither bridged nor relayed. */
  let turn: Promise<unknown> = Promise.resolve();

  const initial = (uplink: UplinkLayout): WireCondition => ({ cut: 'no', impairment: uplink.impairment });
  const conditionOf = (uplink: UplinkLayout) => conditions.get(uplink) ?? initial(uplink);

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  }

  function bridgeSteps({ wire }: UplinkLayout, joined: boolean): Step[] {
    const how = joined ? ['master', wire.bridge] : ['nomaster'];
    return [wire.site, wire.core].map((end) => ipIn(layout.wires, 'link', 'set', end, ...how));
  }

  async function apply(uplink: UplinkLayout, condition: WireCondition, how?: 'anew'): Promise<void> {
    const settings = relaySettings(condition);
    const before = conditions.get(uplink);
    if (how !== 'anew' && before !== undefined && isDeepStrictEqual(before.impairment, condition.impairment)) {
      // Only the cut changes; a bucket that is set anew would lose what waits in it.
      await runSteps([dropStep(layout, uplink, condition)]);
      conditions.set(uplink, condition);
      return;
    }
    await runSteps(conditionSteps(layout, uplink, condition));
    if (settings !== undefined) {
      // Started before the bridge lets go, so that the wire is dead for the time of two system calls only.
      relay ??= await startRelay(layout.wires, join(logs, 'relay.log'), () => {
        // A relay that does not start again is tried again with the next change of a wire.
        inTurn(recover).catch((error: unknown) => console.error('the relay could not be replaced:', error));
      });
      if (!relayed.has(uplink)) await runSteps(bridgeSteps(uplink, false));
      relayed.add(uplink);
      const { table, site, core } = uplink.wire;
      await relay.tell({ verb: 'carry', wire: table, site, core, settings });
    } else if (relayed.has(uplink)) {
      await relay?.tell({ verb: 'release', wire: uplink.wire.table });
      await runSteps(bridgeSteps(uplink, true));
      relayed.delete(uplink);
      if (relayed.size === 0) {
        await relay?.stop();
        relay = undefined;
      }
    }
    conditions.set(uplink, condition);
  }

  /** The relay has died: a new one takes its wires. */
  async function recover(): Promise<void> {
    relay = undefined;
    for (const uplink of relayed) await apply(uplink, conditionOf(uplink), 'anew');
  }

  function statusOf(uplink: UplinkLayout): WireStatus {
    const carriedBy = relayed.has(uplink) ? 'relay' : 'bridge';
    return { site: uplink.site, uplink: uplink.label, carriedBy, ...conditionOf(uplink) };
  }

  const change: Wires['change'] = (site, label, next) =>
    inTurn(async () => {
      const uplink = findUplink(layout, site, label);
      await apply(uplink, next(conditionOf(uplink)));
      return statusOf(uplink);
    });

  return {
    change,
    restore: (site, label) => change(site, label, () => initial(findUplink(layout, site, label))),
    begin: () =>
      inTurn(async () => {
        for (const uplink of uplinks) await apply(uplink, initial(uplink));
      }),
    status: () => uplinks.map(statusOf),
    relayPid: () => relay?.pid,
    stop: () => inTurn(async () => relay?.stop()),
  };
}
