/**
 * How a wire is spoilt, as steps and relay settings. Pure: daemon.ts runs what this decides.
 *
 * Silence and loss are dropped by nftables where a packet leaves the wires namespace, rate is a token bucket in the
 * same place; both hold whether a bridge or the relay carries the wire. Delay, jitter, reordering, duplication and
 * corruption need the relay, which then takes over loss as well, so that one seed decides all of them. The rate comes
 * last on purpose: a slow link's queue is where delayed packets end up, as on a real one.
 */
import type { ImpairmentSettings } from '@patronus/testkit';
import type { Layout, UplinkLayout } from './layout.ts';
import { inside, type Step } from './step.ts';
import type { WireImpairment } from './topology.ts';

/** A wire as it is meant to be now. */
export interface WireCondition {
  readonly cut: 'no' | 'both ways' | 'outgoing';
  readonly impairment: WireImpairment;
}

/** Per direction, seen from the site. */
export interface RelaySettings {
  readonly outgoing: ImpairmentSettings;
  readonly incoming: ImpairmentSettings;
  readonly seed: number;
}

const clean: ImpairmentSettings = {
  delayMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  reorderPercent: 0,
  duplicatePercent: 0,
  corruptPercent: 0,
};

/** What the relay has to do, or undefined while the kernel alone is enough. */
export function relaySettings({ impairment }: WireCondition): RelaySettings | undefined {
  const { delayMs, jitterMs, reorderPercent, duplicatePercent, corruptPercent, lossPercent, oneWay, seed } = impairment;
  if (delayMs + jitterMs + reorderPercent + duplicatePercent + corruptPercent === 0) return undefined;
  const outgoing = { delayMs, jitterMs, reorderPercent, duplicatePercent, corruptPercent, lossPercent };
  return { outgoing, incoming: oneWay ? clean : outgoing, seed };
}

/** Silence and kernel loss alone: what a cut changes, in one step of a few milliseconds. */
export function dropStep({ wires }: Layout, uplink: UplinkLayout, condition: WireCondition): Step {
  return { program: 'nft', args: ['-f', '-'], namespace: wires, stdin: dropRules(uplink, condition) };
}

/** nftables, tbf and offloads for one wire; replaces whatever was set before. */
export function conditionSteps(layout: Layout, uplink: UplinkLayout, condition: WireCondition): Step[] {
  const { core, wires, sites } = layout;
  const gateway = sites.find((site) => site.name === uplink.site)?.namespace ?? '';
  // A large send that crosses as one 64 KB packet would be lost, delayed or counted as one: cut it up beforehand.
  const offloads = isClean(condition.impairment) ? 'on' : 'off';
  const split = ['tx', offloads, 'tso', offloads, 'gso', offloads];
  return [
    inside(gateway, 'ethtool', '-K', uplink.interface, ...split),
    inside(core, 'ethtool', '-K', uplink.coreInterface, ...split),
    ...rateSteps(wires, uplink, condition.impairment),
    dropStep(layout, uplink, condition),
  ];
}

const isClean = (impairment: WireImpairment) =>
  impairment.rateMbit === 0 && impairment.lossPercent === 0 && !needsRelay(impairment);

const needsRelay = (impairment: WireImpairment) => relaySettings({ cut: 'no', impairment }) !== undefined;

/** One nftables transaction: the wire's table goes and comes back within it, so no packet meets half a rule set. */
export function dropRules({ wire }: UplinkLayout, { cut, impairment }: WireCondition): string {
  const kernelLoss = needsRelay(impairment) ? 0 : impairment.lossPercent;
  const directions = [
    { chain: 'outgoing', device: wire.core, isCut: cut !== 'no', loss: kernelLoss },
    { chain: 'incoming', device: wire.site, isCut: cut === 'both ways', loss: impairment.oneWay ? 0 : kernelLoss },
  ];
  const chains = directions.map(({ chain, device, isCut, loss }) => {
    const rules = [
      ...(isCut ? ['counter drop'] : []),
      ...(loss > 0 ? [`numgen random mod 100000 < ${Math.round(loss * 1000)} counter drop`] : []),
    ];
    const hook = `type filter hook egress device "${device}" priority 0;`;
    return [`chain ${chain} {`, hook, ...rules, '}'].join('\n');
  });
  const table = `table netdev ${wire.table}`;
  return `${table} {}\ndelete ${table}\n${table} {\n${chains.join('\n')}\n}\n`;
}

/** A token bucket where packets leave the wires namespace, or none. `replace` first, so that `delete` cannot fail. */
function rateSteps(wires: string, { wire }: UplinkLayout, { rateMbit, oneWay }: WireImpairment): Step[] {
  const shape = (device: string, rate: number): Step[] => [
    inside(wires, 'tc', 'qdisc', 'replace', 'dev', device, 'root', ...(rate > 0 ? bucket(rate) : ['pfifo'])),
    ...(rate > 0 ? [] : [inside(wires, 'tc', 'qdisc', 'delete', 'dev', device, 'root')]),
  ];
  return [...shape(wire.core, rateMbit), ...shape(wire.site, oneWay ? 0 : rateMbit)];
}

/** 10 ms of the rate at once, at least ten full packets; a queue of 50 ms, as a modest router has. */
function bucket(rateMbit: number): string[] {
  const burstBytes = Math.max(15_140, Math.round((rateMbit * 1e6) / 8 / 100));
  return ['tbf', 'rate', `${Math.round(rateMbit * 1000)}kbit`, 'burst', String(burstBytes), 'latency', '50ms'];
}
