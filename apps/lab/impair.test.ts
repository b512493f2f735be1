import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionSteps, dropRules, relaySettings, type WireCondition } from './impair.ts';
import { layOut } from './layout.ts';
import { commandOf } from './step.ts';
import { impairmentSchema, loadTopology, type WireImpairment } from './topology.ts';

const layout = layOut(loadTopology('three-sites'), 'lab', 0);
const uplink = layout.sites[0]!.uplinks[1]!;
const condition = (impairment: Partial<WireImpairment> = {}, cut: WireCondition['cut'] = 'no'): WireCondition => ({
  cut,
  impairment: impairmentSchema.parse(impairment),
});
const linesOf = (wanted: WireCondition) =>
  conditionSteps(layout, uplink, wanted).map((step) => commandOf(step).flat().join(' '));

test('a clean wire drops nothing, has no bucket, and keeps its offloads', () => {
  assert.doesNotMatch(dropRules(uplink, condition()), /drop/);
  const lines = linesOf(condition());
  assert.ok(lines.some((line) => line.endsWith('tc qdisc delete dev ptw1core root')));
  assert.ok(lines.some((line) => line.endsWith('ethtool -K ptlte tx on tso on gso on')));
  assert.equal(relaySettings(condition()), undefined);
});

test('a cut drops both ways, a one-way cut only what leaves the site', () => {
  assert.equal(dropRules(uplink, condition({}, 'both ways')).match(/counter drop/g)?.length, 2);
  const oneWay = dropRules(uplink, condition({}, 'outgoing'));
  assert.match(oneWay, /device "ptw1core" priority 0;\ncounter drop\n}/);
  assert.match(oneWay, /device "ptw1site" priority 0;\n}/);
});

test('loss alone is the kernel’s, in thousandths of a percent', () => {
  assert.equal(relaySettings(condition({ lossPercent: 20 })), undefined);
  assert.equal(dropRules(uplink, condition({ lossPercent: 0.25 })).match(/mod 100000 < 250 counter drop/g)?.length, 2);
  assert.equal(
    dropRules(uplink, condition({ lossPercent: 20, oneWay: true })).match(/mod 100000 < 20000 counter drop/g)?.length,
    1,
  );
});

test('with delay the relay decides loss too, and the kernel does not lose packets a second time', () => {
  const wanted = condition({ delayMs: 30, lossPercent: 20 });
  assert.equal(relaySettings(wanted)?.outgoing.lossPercent, 20);
  assert.doesNotMatch(dropRules(uplink, wanted), /drop/);
});

test('a one-way delay leaves the other direction clean', () => {
  const settings = relaySettings(condition({ delayMs: 30, oneWay: true }));
  assert.equal(settings?.outgoing.delayMs, 30);
  assert.equal(settings?.incoming.delayMs, 0);
});

test('an impaired wire carries whole packets only, and a rate is a token bucket each way', () => {
  const lines = linesOf(condition({ rateMbit: 10 }));
  assert.ok(lines.some((line) => line.endsWith('ethtool -K ptlte tx off tso off gso off')));
  for (const device of ['ptw1core', 'ptw1site']) {
    const bucket = `tc qdisc replace dev ${device} root tbf rate 10000kbit burst 15140 latency 50ms`;
    assert.ok(lines.some((line) => line.endsWith(bucket)));
  }
});
