import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, direction, report, Story, tunnel, voice } from './fixtures.ts';

const fibre = tunnel('fibre', 1);
const lte = tunnel('lte', 9);
const twoPaths = configurationOf([fibre, lte]);

test('a tunnel that is up leads one that is cheaper and down', () => {
  const story = new Story(twoPaths).up('lte');
  assert.equal(story.lead(), 'lte');
  assert.equal(story.last.rule, 'first-up');
  story.up('fibre');
  assert.equal(story.lead(), 'fibre', 'one that never failed is taken at once');
  assert.equal(story.last.rule, 'lower-cost');
  story.down('fibre');
  assert.equal(story.lead(), 'lte');
  assert.equal(story.last.rule, 'down');
});

test('a preferred path that failed is taken back after it was sound for a minute, and not before', () => {
  const story = new Story(twoPaths).up('fibre', 'lte').wait(5_000).down('fibre').wait(2_000).up('fibre');
  story.wait(59_999);
  assert.equal(story.lead(), 'lte');
  story.wait(1);
  assert.equal(story.lead(), 'fibre');
  assert.equal(story.last.rule, 'failback');
});

test('each failure doubles the time until a path is taken back, to half an hour; each clean hour halves it', () => {
  const story = new Story(twoPaths).up('fibre', 'lte');
  const minutesUntilReturn = () => {
    story.down('fibre').wait(100).up('fibre');
    assert.equal(story.lead(), 'lte');
    const from = story.now;
    while (story.lead() !== 'fibre') story.wait(1_000);
    return (story.now - from) / 60_000;
  };
  assert.deepEqual(Array.from({ length: 7 }, minutesUntilReturn), [1, 2, 4, 8, 16, 30, 30]);
  story.wait(4 * 3_600_000);
  assert.equal(minutesUntilReturn(), 4, 'six failures, less four clean hours, and one more');
});

test('the group says with an empty choice that nothing is up, and leaves the order alone', () => {
  const story = new Story(twoPaths).up('fibre', 'lte').down('lte', 'fibre');
  assert.deepEqual(story.group().chosen, []);
  assert.equal(story.last.rule, 'none-up');
  assert.equal(story.last.reason, 'Nothing can be sent: fibre → x went down (silent), and no other is up.');
  story.up('lte');
  assert.deepEqual(story.group().chosen, ['lte']);
});

test('five percent of loss on a thousand packets a second is convicted within half a second', () => {
  const story = new Story(configurationOf([fibre, lte], [voice({ loss: 0.01 })])).up('fibre', 'lte');
  story.measure(60_000, report('fibre', 20, direction(0.001)), report('lte', 40, direction(0.001)));
  assert.equal(story.lead('voice'), 'fibre');
  story.measure(500, report('fibre', 20, direction(0.05)), report('lte', 40));
  assert.equal(story.lead('voice'), 'lte');
  assert.equal(story.last.rule, 'sla-violated');
  assert.match(
    story.last.reason,
    /^fibre → x loses 5 % where 1 % is allowed; lte → x keeps the bounds, round trip 40\.0 ms/,
  );
  assert.equal(story.lead(), 'fibre', 'traffic that asks for no bounds stays');
});

test('a round trip beyond its bound is convicted within a second, a single late report is not', () => {
  const story = new Story(configurationOf([fibre, lte], [voice({ roundTripMs: 150 })])).up('fibre', 'lte');
  story.measure(5_000, report('fibre', 20), report('lte', 40)).measure(250, report('fibre', 400));
  story.measure(5_000, report('fibre', 20), report('lte', 40));
  assert.equal(story.lead('voice'), 'fibre');
  story.measure(1_000, report('fibre', 170), report('lte', 40));
  assert.equal(story.lead('voice'), 'lte');
});

test('an idle tunnel that loses a third of its probes is convicted within half a minute', () => {
  const story = new Story(configurationOf([fibre, lte], [voice({ loss: 0.02 })])).up('fibre', 'lte');
  for (let seconds = 5; seconds <= 30; seconds += 5) {
    const probes = { packets: 10 };
    story.tell({ type: 'measured', atMs: seconds * 1_000, tunnels: [report('fibre', 20, direction(0.3, probes))] });
  }
  assert.equal(story.lead('voice'), 'lte');
});

test('only the end that sends into the bad direction moves', () => {
  const bounds = configurationOf([fibre, lte], [voice({ loss: 0.01, roundTripMs: 150, jitterMs: 30 })]);
  const grown = direction(0, { delayChangeUs: 150_000 });
  for (const [what, outgoing, incoming, roundTripMs] of [
    ['loss', direction(0.05), direction(), 20],
    ['jitter', direction(0, { jitterUs: 60_000 }), direction(), 20],
    ['delay', grown, direction(), 170],
  ] as const) {
    const here = new Story(bounds).up('fibre', 'lte').measure(2_000, report('fibre', roundTripMs, outgoing, incoming));
    const there = new Story(bounds).up('fibre', 'lte').measure(2_000, report('fibre', roundTripMs, incoming, outgoing));
    assert.equal(here.lead('voice'), 'lte', what);
    assert.equal(there.lead('voice'), 'fibre', what);
  }
  const unclear = new Story(bounds).up('fibre', 'lte').measure(2_000, report('fibre', 170));
  assert.equal(unclear.lead('voice'), 'lte', 'where neither direction grew both ends move');
});

test('while all paths break their bounds the one that misses them least is used, and a little less is no reason', () => {
  const story = new Story(configurationOf([fibre, lte], [voice({ loss: 0.01 })])).up('fibre', 'lte');
  story.measure(2_000, report('fibre', 20, direction(0.1)), report('lte', 40, direction(0.3)));
  assert.equal(story.lead('voice'), 'fibre');
  story.measure(30_000, report('fibre', 20, direction(0.11)), report('lte', 40, direction(0.1)));
  assert.equal(story.lead('voice'), 'fibre');
  story.measure(30_000, report('fibre', 20, direction(0.3)), report('lte', 40, direction(0.1)));
  assert.equal(story.lead('voice'), 'lte');
  assert.equal(story.last.rule, 'misses-least');
});

test('a path that was left for a broken bound is taken back after a minute within it', () => {
  const story = new Story(configurationOf([fibre, lte], [voice({ loss: 0.01 })])).up('fibre', 'lte');
  story.measure(1_000, report('fibre', 20, direction(0.1))).measure(58_000, report('fibre', 20), report('lte', 40));
  assert.equal(story.lead('voice'), 'lte');
  story.measure(35_000, report('fibre', 20), report('lte', 40));
  assert.equal(story.lead('voice'), 'fibre');
  assert.equal(story.last.rule, 'failback');
});

test('between sound paths of one cost a shorter round trip wins only by 20 ms and a tenth, and then it stays', () => {
  const equals = configurationOf([tunnel('a'), tunnel('b')]);
  const leadAfter = (a: number, b: number) =>
    new Story(equals).up('a', 'b').measure(3_000, report('a', a), report('b', b)).lead();
  assert.equal(leadAfter(60, 41), 'a', 'a gain of 19 ms is too little');
  assert.equal(leadAfter(60, 40), 'b', 'a gain of 20 ms is enough');
  assert.equal(leadAfter(500, 460), 'a', 'a gain of 8 % is too little');
  const story = new Story(equals).up('a', 'b').measure(3_000, report('a', 60), report('b', 40));
  story.measure(60_000, report('a', 30), report('b', 40));
  assert.equal(story.lead(), 'b');
  assert.equal(story.last.rule, 'better');
});

test('a path that falls silent while it was talking is left at once, for one that shares no uplink with it', () => {
  const story = new Story(configurationOf([tunnel('a~x', 2), tunnel('a~y', 3), tunnel('b~x', 4), tunnel('b~y', 5)]));
  story.up('a~x', 'a~y', 'b~x', 'b~y').wait(20_000).suspect('a~x', 'silence');
  assert.equal(story.lead(), 'b~y');
  const { rule, reason, candidates } = story.last;
  assert.equal(rule, 'silent');
  assert.match(
    reason,
    /^a → x fell silent while it was talking; b → y is the cheapest \(cost 5\) of those apart from what failed/,
  );
  assert.equal(candidates.find(({ tunnelId }) => tunnelId === 'a~x')!.why, 'fell silent while it was talking');
  story.down('a~x').wait(10_000);
  assert.equal(story.lead(), 'a~y', 'the cheapest of those that proved alive');
  story.up('a~x').wait(59_000);
  assert.equal(story.lead(), 'a~y', 'what went down after all is held back as ever');
});

test('a path that is heard again is taken back once what shares its uplinks is not suspected any more', () => {
  const story = new Story(configurationOf([fibre, lte])).up('fibre', 'lte').wait(20_000);
  story.suspect('fibre', 'otherEnd');
  assert.match(story.last.reason, /^fibre → x fell silent while it was talking, as the other end says; lte/);
  story.suspect('fibre', 'silence').hear('fibre', 'otherEnd').wait(10_000);
  assert.equal(story.lead(), 'lte', 'one of both still hears nothing');
  story.hear('fibre', 'silence').wait(4_000);
  assert.equal(story.lead(), 'fibre');
});

test('where there is no other path one that fell silent stays, and is no second of two', () => {
  const alone = new Story(configurationOf([fibre])).up('fibre').suspect('fibre', 'silence');
  assert.equal(alone.lead(), 'fibre');
  const paths = [tunnel('a'), tunnel('b'), tunnel('c')];
  const twice = configurationOf(paths, [{ id: 'voice', sla: null, path: { mode: 'duplicate' } }]);
  const story = new Story(twice).up('a', 'b', 'c').wait(20_000);
  const second = story.group('voice').chosen[1]!;
  story.suspect(second, 'silence');
  assert.ok(!story.group('voice').chosen.includes(second));
});

test('what shares an uplink with a path that just failed is suspected of the same, and taken once it proved alive', () => {
  const story = new Story(configurationOf([tunnel('a~x', 2), tunnel('a~y', 3), tunnel('b~x', 4), tunnel('b~y', 5)]));
  story.up('a~x', 'a~y', 'b~x', 'b~y').wait(20_000);
  assert.deepEqual(story.group().tunnelIds, ['a~x', 'b~y', 'b~x', 'a~y'], 'the forwarder goes on over the farthest');
  story.down('a~x');
  assert.equal(story.lead(), 'b~y');
  assert.equal(
    story.last.candidates.find(({ tunnelId }) => tunnelId === 'a~y')!.why,
    'shares an uplink with what just failed',
  );
  story.wait(100).down('a~y').wait(4_000);
  assert.equal(story.lead(), 'b~x', 'cheaper, and alive all the time');
});

test('of two uplinks that flap the steadier one carries the traffic, and what is down is left at once', () => {
  const story = new Story(twoPaths).up('fibre', 'lte');
  let [onLteMs, allMs] = [0, 0];
  // Fibre fails every 4 s, LTE every 20 s; never both at once.
  for (let second = 1; second <= 600; second++) {
    if (second % 4 === 0) story.down('fibre');
    if (second % 4 === 1) story.up('fibre');
    if (second % 20 === 10) story.down('lte');
    if (second % 20 === 11) story.up('lte');
    assert.equal(story.state.tunnels[story.lead()!]!.state, 'up');
    story.wait(1_000);
    allMs += 1_000;
    if (story.lead() === 'lte') onLteMs += 1_000;
  }
  assert.ok(onLteMs / allMs > 0.75, `${onLteMs} of ${allMs} ms`);
});

test('a measurement that swings moves traffic three times a minute at most', () => {
  const story = new Story(configurationOf([tunnel('a'), tunnel('b')])).up('a', 'b');
  for (let turn = 0; turn < 60; turn++) {
    story.measure(2_500, report('a', turn % 2 === 0 ? 20 : 200), report('b', turn % 2 === 0 ? 200 : 20));
  }
  const moves = story.decisions.filter(({ rule }) => rule === 'better').length;
  assert.ok(moves >= 2 && moves <= 8, `${moves} in two and a half minutes`);
});

test('a drained uplink gives its traffic away at once and takes it back at once', () => {
  const story = new Story(twoPaths).up('fibre', 'lte');
  story.configure(configurationOf([{ ...fibre, isDrained: true }, lte]));
  assert.equal(story.lead(), 'lte');
  assert.equal(story.last.rule, 'drained');
  story.down('lte');
  assert.equal(story.lead(), 'fibre', 'rather drained than nothing');
  story.wait(1_000).up('lte');
  assert.equal(story.lead(), 'lte', 'anything before a drained one');
  story.configure(twoPaths);
  assert.equal(story.lead(), 'fibre');
  assert.equal(story.last.rule, 'configured');
});

test('labels in order lead before costs, and those not named come last', () => {
  const path = { mode: 'ordered', labels: ['lte', 'mpls'] } as const;
  const story = new Story(configurationOf([fibre, lte, tunnel('mpls', 5)], [{ id: 'bulk', sla: null, path }]));
  story.up('fibre');
  assert.equal(story.lead('bulk'), 'fibre');
  story.up('mpls', 'lte');
  assert.deepEqual(story.group('bulk').tunnelIds, ['lte', 'mpls', 'fibre']);
  assert.equal(story.last.rule, 'preferred-label');
  assert.match(story.last.reason, /label lte comes before mpls/);
});

test('two paths for each packet differ in both uplinks where they can', () => {
  const tunnels = [tunnel('a~x', 1), tunnel('a~y', 2), tunnel('b~x', 3), tunnel('b~y', 4)];
  const story = new Story(configurationOf(tunnels, [{ id: 'voice', sla: null, path: { mode: 'duplicate' } }]));
  story.up('a~x', 'a~y', 'b~x');
  assert.deepEqual(story.group('voice').chosen, ['a~x', 'b~x'], 'the own uplinks at least');
  story.up('b~y');
  assert.deepEqual(story.group('voice').chosen, ['a~x', 'b~y']);
  assert.equal(story.group('voice').mode, 'duplicate');
  story.down('b~y');
  assert.equal(story.group('voice').chosen.length, 2);
  story.down('a~x');
  assert.equal(story.group('voice').chosen.length, 2);
  assert.ok(story.group('voice').chosen.every((id) => id !== 'a~x' && id !== 'b~y'));
});

test('a balance shares among the labels that keep their bounds, by weight', () => {
  const weights = [
    { label: 'fibre', weight: 70 },
    { label: 'lte', weight: 30 },
  ];
  const treatment = voice({ loss: 0.01 }, { mode: 'balance', weights });
  const story = new Story(configurationOf([fibre, lte, tunnel('mpls', 5)], [treatment])).up('fibre', 'lte', 'mpls');
  assert.deepEqual(story.group('voice').chosen, ['fibre', 'lte']);
  assert.deepEqual(story.group('voice').weights, [70, 30, 0]);
  story.measure(1_000, report('lte', 40, direction(0.1)));
  assert.deepEqual(story.group('voice').chosen, ['fibre']);
  assert.equal(story.last.rule, 'members');
});

test('a removed tunnel leaves groups and memory, a removed edge its groups', () => {
  const story = new Story(twoPaths).up('fibre', 'lte');
  story.configure(configurationOf([lte]));
  assert.deepEqual(story.group().tunnelIds, ['lte']);
  assert.deepEqual(Object.keys(story.state.tunnels), ['lte']);
  const { generation } = story.state;
  story.configure(configurationOf([]));
  assert.deepEqual([story.state.groups.length, story.state.generation], [0, generation + 1]);
});

test('a decision holds every candidate with its figures and why it lost', () => {
  const story = new Story(configurationOf([fibre, lte, tunnel('mpls', 5)]))
    .up('fibre', 'lte')
    .measure(250, report('lte', 40));
  story.down('fibre');
  const { reason, candidates, ...rest } = story.last;
  assert.deepEqual(rest, {
    ...{ number: 3, atMs: 250, generation: 3, treatment: 'default', edgeId: 'london' },
    ...{ chosen: ['lte'], previous: ['fibre'], rule: 'down' },
    ...{ configurationHash: 'abc', configurationVersion: { epoch: 1, sequence: 1 } },
  });
  assert.equal(
    reason,
    'fibre → x went down (silent); lte → x is the cheapest (cost 9, round trip 40.0 ms, loss 0 %, jitter 1.0 ms).',
  );
  assert.deepEqual(
    candidates.map(({ tunnelId, rank, state, roundTripUs, why }) => [tunnelId, rank, state, roundTripUs, why]),
    [
      ['lte', 1, 'up', 40_000, 'is the cheapest (cost 9, round trip 40.0 ms, loss 0 %, jitter 1.0 ms)'],
      ['mpls', 2, 'connecting', null, 'is not up yet'],
      ['fibre', 3, 'down', null, 'went down (silent)'],
    ],
  );
});
