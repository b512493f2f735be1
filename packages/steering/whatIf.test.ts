import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, direction, report, Story, tunnel, voice } from './fixtures.ts';
import { eventsOf, type SteeringEvent, type TunnelSample, whatIf } from './index.ts';

const tunnels = [tunnel('fibre', 1), tunnel('lte', 9)];
const bound = (loss: number) => configurationOf(tunnels, [voice({ loss })]);

/** An hour of 10 s samples in which fibre loses `loss` for a minute in each ten. */
function hour(loss: number): TunnelSample[] {
  return Array.from({ length: 361 }, (_, index) => index * 10_000).flatMap((atMs) => {
    const isBad = Math.floor(atMs / 60_000) % 10 === 5;
    const common = { atMs, state: 'up' as const, jitterUs: 1_000 };
    return [
      { ...common, tunnelId: 'fibre', roundTripUs: 20_000, loss: isBad ? loss : 0 },
      { ...common, tunnelId: 'lte', roundTripUs: 50_000, loss: 0 },
    ];
  });
}

test('a laxer bound is found to switch less and to be out of bounds no longer, on samples of ten seconds', () => {
  const told = whatIf({ events: eventsOf(hour(0.03)), present: bound(0.01), changed: bound(0.05) });
  assert.equal(told.wouldBe.switches, 0);
  assert.ok(told.was.switches >= 4, `${told.was.switches}`);
  assert.equal(told.wouldBe.outOfSlaMs, 0, 'both are judged by the changed bound');
  assert.deepEqual([told.resolutionMs, Math.round(told.coverage * 100)], [10_000, 100]);
  assert.ok(Math.abs(told.confidence - 0.8) < 0.01);
  assert.match(
    told.words,
    /^In 1\.0 h: 0 switches instead of \d+, .* a report each 10 s: .* Confidence high \(0\.80\)\.$/,
  );
  const voiceGroup = told.groups.find(({ treatment }) => treatment === 'voice')!;
  assert.deepEqual(Object.keys(voiceGroup.wouldBe!.onPathMs), ['fibre']);
  assert.equal(voiceGroup.wouldBe!.onPathMs.fibre, 3_600_000);
  assert.ok(voiceGroup.was!.onPathMs.lte! > 60_000);
});

test('a stricter bound is found to switch where nothing did, and to be out of bounds for less time', () => {
  const was = [
    { atMs: 0, treatment: 'voice', edgeId: 'london', chosen: ['fibre'] },
    { atMs: 0, treatment: 'default', edgeId: 'london', chosen: ['fibre'] },
  ];
  const told = whatIf({ events: eventsOf(hour(0.03)), present: bound(0.05), changed: bound(0.01), was });
  assert.equal(told.was.switches, 0);
  assert.equal(told.was.outOfSlaMs, 6 * 60_000);
  assert.ok(told.wouldBe.switches > 0 && told.wouldBe.outOfSlaMs < 60_000, JSON.stringify(told.wouldBe));
});

test('telemetry with holes lowers the confidence, and none says nothing', () => {
  const holed = hour(0.03).filter(({ atMs }) => atMs < 600_000 || atMs > 3_000_000);
  const told = whatIf({ events: eventsOf(holed), present: bound(0.01), changed: bound(0.05) });
  assert.ok(told.coverage > 0.3 && told.coverage < 0.4, `${told.coverage}`);
  assert.ok(told.confidence < 0.4);
  assert.match(told.words, /Confidence low/);
  const silent = whatIf({ events: [], present: bound(0.01), changed: bound(0.05) });
  assert.equal(silent.confidence, 0);
  assert.match(silent.words, /nothing can be said/);
});

test('a whole recording does the same again where nothing is changed', () => {
  const events: SteeringEvent[] = [];
  const story = new Story(bound(0.01));
  const tell = story.tell.bind(story);
  story.tell = (event) => {
    if (event.type !== 'tick') events.push(event);
    return tell(event);
  };
  story.up('fibre', 'lte').measure(5_000, report('fibre', 20), report('lte', 40));
  story
    .measure(2_000, report('fibre', 20, direction(0.1)), report('lte', 40))
    .measure(90_000, report('fibre', 20), report('lte', 40));
  const told = whatIf({ events, present: bound(0.01), changed: bound(0.01), was: story.decisions });
  assert.deepEqual(told.was, told.wouldBe);
  assert.equal(told.was.switches, 2);
  assert.ok(told.was.outOfSlaMs >= 250 && told.was.outOfSlaMs <= 750, `${told.was.outOfSlaMs}`);
  assert.equal(told.resolutionMs, 250);
  assert.ok(told.confidence > 0.95);
});
