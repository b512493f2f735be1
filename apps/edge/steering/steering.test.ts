import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GroupsCommand } from '@patronus/forwarder';
import { type DecisionTelemetry, type EdgeMessage, edgeMessageSchema } from '@patronus/protocol';
import { type Decision, defaultThresholds, initialState, replay, steer } from '@patronus/steering';
import { configurationOf } from '../configuration/fixtures.ts';
import { steeringConfiguration } from './configuration.ts';
import { DecisionBox, tellDecision } from './decisions.ts';
import { explainFlow, readFlow } from './explain.ts';
import { Ledger } from './ledger.ts';
import { Recorder } from './recorder.ts';
import { Steering } from './steering.ts';

function folder(context: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'pt-steering-'));
  context.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const configuration = configurationOf(1, {
  slaClasses: [{ id: 'voice', name: 'Voice', roundTripMs: 150, jitterMs: null, loss: 0.01, mos: null }],
  treatments: [
    { id: 't-1', slaClassId: 'voice', path: { mode: 'best' } },
    { id: 't-2', slaClassId: null, path: { mode: 'balance', weights: [{ label: 'internet', weight: 10 }] } },
  ],
  policies: [
    {
      ...{ id: 'p1', name: 'Calls', match: { protocol: 17, ports: [[5060, 5061]] }, compression: null },
      treatment: 't-1',
    },
  ],
  steering: { holdMs: 3_000 },
});

/** At work, with what it published and told. */
function steeringIn(directory: string) {
  const told: DecisionTelemetry[] = [];
  const notices: string[] = [];
  const published: GroupsCommand[] = [];
  const steering = new Steering(
    {
      publish: (command) => published.push(command),
      onDecisions: (decisions) => told.push(...decisions),
      onNotice: (code) => notices.push(code),
    },
    new Ledger(join(directory, 'decisions.jsonl')),
  );
  return { steering, told, notices, published };
}

function inUse(context: TestContext) {
  const directory = folder(context);
  const parts = steeringIn(directory);
  context.after(() => parts.steering.stop());
  parts.steering.configure(configuration, 'd'.repeat(64));
  const now = parts.steering.state.atMs;
  parts.steering.tunnelState('t1', 'up', 'answers', now + 1);
  parts.steering.tunnelState('t2', 'up', 'answers', now + 2);
  return { ...parts, directory, now };
}

test('steering goes by the configuration: labels, bounds, and figures that differ from the defaults', () => {
  const { hash, tunnels, treatments, thresholds } = steeringConfiguration(configuration, 'abc');
  assert.equal(hash, 'abc');
  assert.deepEqual(
    tunnels.map(({ id, label, remoteLabel, cost }) => [id, label, remoteLabel, cost]),
    [
      ['t1', 'internet', 'london-1', 1],
      ['t2', 'internet', 'london-2', 2],
    ],
  );
  assert.deepEqual(treatments[0]!.sla, { roundTripMs: 150, jitterMs: null, loss: 0.01, mos: null });
  assert.deepEqual(thresholds, { ...defaultThresholds, holdMs: 3_000, suspicionMs: 3_500 });
});

test('groups are published with their generation as they change, and a balance names only those that share', (context) => {
  const { steering, told, published, now } = inUse(context);
  const generation = steering.state.generation;
  assert.equal(published.at(-1)!.generation, generation);
  const groups = new Map(published.at(-1)!.groups.map((group) => [group.treatment, group]));
  assert.deepEqual(groups.get('default'), {
    treatment: 'default',
    edgeId: 'london',
    mode: 'single',
    tunnelIds: ['t1', 't2'],
  });
  assert.deepEqual(groups.get('t-2'), {
    treatment: 't-2',
    edgeId: 'london',
    mode: 'balance',
    tunnelIds: ['t1'],
    weights: [10],
  });
  steering.telemetry([], now + 3);
  assert.equal(published.at(-1)!.generation, generation, 'what changes nothing publishes nothing');
  assert.ok(edgeMessageSchema.safeParse({ type: 'decisions', decisions: told, lost: 0 }).success);
});

test('a restart goes on counting decisions, though the last line was cut off', (context) => {
  const { told, directory } = inUse(context);
  const last = told.at(-1)!.number;
  assert.equal(last, told.length);
  appendFileSync(join(directory, 'decisions.jsonl'), '{"number":99,"wall');
  const after = steeringIn(directory);
  after.steering.configure(configuration, 'd');
  after.steering.stop();
  assert.equal(after.told[0]!.number, last + 1);
  assert.deepEqual(
    after.steering.ledger.latest('default', 'london')!.number,
    after.told.find(({ treatment }) => treatment === 'default')!.number,
  );
});

test('the ledger on disk stays bounded, and a disk that cannot be written is told once', (context) => {
  const directory = folder(context);
  const ledger = new Ledger(join(directory, 'decisions.jsonl'));
  const decision = tellDecision(decisionOf(1), { wallMs: 10_000, monotonicMs: 7 });
  for (let number = 1; number <= 2_500; number++) ledger.add([{ ...decision, number }]);
  assert.equal(ledger.decisions.length, 1_000);
  const read = new Ledger(join(directory, 'decisions.jsonl'));
  assert.deepEqual([read.decisions.length, read.lastNumber], [1_000, 2_500]);
  mkdirSync(join(directory, 'taken', 'decisions.jsonl'), { recursive: true });
  assert.throws(() => new Ledger(join(directory, 'taken', 'decisions.jsonl')), { code: 'STATE_NOT_READABLE' });
});

function decisionOf(number: number): Decision {
  return {
    ...{ number, atMs: 7, generation: 1, treatment: 'default', edgeId: 'london', chosen: ['t1'], previous: [] },
    ...{ rule: 'first-up', reason: 'It is.', candidates: [], configurationHash: 'd' },
    configurationVersion: { epoch: 1, sequence: 1 },
  };
}

test('decisions wait for the controller in order; of very many the latest, and the others are counted', () => {
  const sent: Extract<EdgeMessage, { type: 'decisions' }>[] = [];
  let isOpen = false;
  const box = new DecisionBox((message) => {
    if (isOpen && message.type === 'decisions') sent.push(message);
    return isOpen;
  });
  const decision = tellDecision(decisionOf(1), { wallMs: 10_000, monotonicMs: 1_007 });
  assert.equal(decision.wallMs, 9_000);
  for (let number = 1; number <= 1_010; number++) box.say([{ ...decision, number }]);
  assert.deepEqual([box.length, box.lost], [1_000, 10]);
  isOpen = true;
  box.flush();
  assert.deepEqual(
    sent.map(({ decisions, lost }) => [decisions[0]!.number, decisions.length, lost]),
    [
      [11, 200, 10],
      [211, 200, 0],
      [411, 200, 0],
      [611, 200, 0],
      [811, 200, 0],
    ],
  );
});

test('after a restart what the controller does not know yet is told from disk, once and in order', (context) => {
  const directory = folder(context);
  const path = join(directory, 'decisions.jsonl');
  const kept = Array.from({ length: 6 }, (_, at) =>
    tellDecision(decisionOf(at + 1), { wallMs: 10_000, monotonicMs: 1_007 }),
  );
  new Ledger(path).add(kept.slice(0, 4));
  const ledger = new Ledger(path);
  const sent: number[] = [];
  const box = new DecisionBox((message) => {
    if (message.type === 'decisions') sent.push(...message.decisions.map(({ number }) => number));
    return message.type === 'decisions';
  });
  const silent = new DecisionBox(() => false);
  for (const one of [box, silent]) {
    one.recall(ledger.decisions, 2);
    one.flush();
  }
  assert.deepEqual(sent, [3, 4]);
  ledger.add(kept.slice(4));
  silent.say(kept.slice(4));
  silent.recall(ledger.decisions, 2);
  assert.equal(silent.length, 4, 'what waits already waits once');
  box.recall(ledger.decisions, 900);
  box.flush();
  assert.deepEqual(sent, [3, 4], 'a controller that knows more has what a disk lost');
});

test('what was recorded replays with the same decisions, also from the middle', (context) => {
  const { steering, told } = inUse(context);
  const replayed = replay(steering.record());
  assert.ok(replayed.ok);
  assert.deepEqual([replayed.value.difference, replayed.value.recorded], [null, told.length]);
  assert.deepEqual(replayed.value.state, steering.state);
});

test('a recording is bounded, and what is left of it still replays', () => {
  const recorder = new Recorder(10_000, 8_000);
  const steered = steeringConfiguration(configuration, 'abc');
  let state = initialState;
  const hear = (event: Parameters<Recorder['note']>[2]) => {
    const step = steer(state, event, steered);
    recorder.note(state, steered, event, step.decisions);
    state = step.state;
  };
  hear({ type: 'configured', atMs: 0 });
  for (let turn = 1; turn <= 400; turn++) {
    hear({ type: 'tunnelState', atMs: turn * 100, tunnelId: 't1', state: turn % 2 === 0 ? 'down' : 'up' });
  }
  const all = recorder.lines();
  const [whole, latest] = [replay(all), replay(recorder.lines(39_000))];
  assert.ok(whole.ok && latest.ok);
  assert.deepEqual([whole.value.difference, latest.value.difference], [null, null]);
  assert.deepEqual(whole.value.state, state);
  assert.ok(whole.value.fromMs > 0 && latest.value.fromMs > whole.value.fromMs && latest.value.fromMs <= 39_000);
});

test('a flow that the forwarder does not know is explained by policies and routes, one it knows by what it is on', (context) => {
  const { steering } = inUse(context);
  const asked = readFlow({ from: '10.1.0.7', to: '10.2.0.9', protocol: 17, port: 5060 });
  const unknown = explainFlow(asked, [], { configuration, ledger: steering.ledger, unreachable: [] }, Date.now());
  assert.match(
    unknown.sentence,
    /UDP port 5060 belongs to the policy Calls: the best path that keeps Voice .*, and would go to london over internet → london-1\. Decision \d+, 0 s ago/,
  );
  const seen = {
    ...{ segment: 0, source: '10.1.0.7', destination: '10.2.0.9', protocol: 6, sourcePort: 4_000, destinationPort: 80 },
    ...{ policyId: null, treatment: 'default', edgeId: 'london', tunnelId: 't2', application: null, lastUsedMs: 0 },
  };
  const known = explainFlow(
    readFlow({ from: '10.1.0.7', to: '10.2.0.9' }),
    [seen],
    { configuration, ledger: steering.ledger, unreachable: ['london'] },
    Date.now(),
  );
  assert.match(
    known.sentence,
    /TCP port 80 belongs to no policy: the cheapest path, and goes to london over internet → london-2.*The LAN behind london does not answer; traffic goes there all the same/,
  );
  const local = explainFlow(
    readFlow({ from: '10.1.0.7', to: '10.1.0.9' }),
    [],
    { configuration, ledger: steering.ledger, unreachable: [] },
    0,
  );
  assert.match(local.sentence, /no route leads to another site/);
  assert.throws(() => readFlow({ from: 'berlin', to: '10.2.0.9' }), { code: 'BAD_ADDRESS', message: /berlin is not/ });
});
