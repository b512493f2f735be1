import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doubtsOf, draftOf, type EditablePolicy, inputOf, needsAcknowledgement } from './draft.ts';

const voice: EditablePolicy = {
  id: 'policy_voice',
  name: 'voice',
  revision: 3,
  match: {
    ...{ protocol: 'udp', ports: ['5060'], sources: [], destinations: [], dscp: [46], segment: 7 },
    ...{ sourceSites: [{ id: 'site_a', name: 'berlin' }], destinationSites: [], applications: [] },
  },
  ...{ action: 'ALLOW', breakoutLabels: [], priority: 'REALTIME', limitPercent: 30, mark: 46 },
  slaClass: { id: 'sla_v', name: 'Voice', roundTripMs: 150, jitterMs: 30, lossPercent: 1, mos: null },
  path: { mode: 'ORDERED', labels: ['mpls', 'internet'], weights: [] },
  compression: { level: 4, acknowledgedBy: 'Ada', acknowledgedAt: '2026-01-01T00:00:00.000Z' },
};
const none = new Set<string>();

test('a policy that is opened and saved stays what it was', () => {
  assert.deepEqual(inputOf(draftOf(voice), voice), {
    name: 'voice',
    match: {
      ...{ protocol: 'udp', ports: ['5060'], sources: [], destinations: [], dscp: [46], segment: 7 },
      ...{ sourceSites: ['site_a'], destinationSites: [], applications: [] },
    },
    ...{ action: 'ALLOW', breakoutLabels: [], slaClassId: 'sla_v', priority: 'REALTIME', limitPercent: 30, mark: 46 },
    path: { mode: 'ORDERED', labels: ['mpls', 'internet'] },
  });
});

test('a new policy asks for nothing', () => {
  const input = inputOf({ ...draftOf(undefined), name: ' web ' }, undefined);
  assert.equal(input.name, 'web');
  assert.deepEqual([input.action, input.path, input.slaClassId], ['ALLOW', { mode: 'CHEAPEST' }, null]);
  assert.deepEqual([input.priority, input.limitPercent, input.mark], ['NORMAL', null, null]);
  assert.ok(!('compression' in input));
});

test('labels of a mode or an action that is not chosen stay behind', () => {
  const draft = draftOf(voice);
  draft.path.mode = 'BALANCE';
  draft.path.weights = [{ label: 'lte', weight: 2 }];
  draft.breakoutLabels = ['internet'];
  assert.deepEqual(inputOf(draft, voice).path, { mode: 'BALANCE', weights: [{ label: 'lte', weight: 2 }] });
  assert.deepEqual(inputOf(draft, voice).breakoutLabels, []);
  assert.deepEqual(inputOf({ ...draft, action: 'BREAKOUT' }, voice).breakoutLabels, ['internet']);
});

test('a new level of compression has to be acknowledged anew, the old one not, and off is sent as null', () => {
  const draft = draftOf(voice);
  assert.equal(needsAcknowledgement(draft, voice), false);
  assert.ok(!('compression' in inputOf(draft, voice)));
  draft.compression = { isOn: true, level: 9, acknowledgeLengthLeak: true };
  assert.equal(needsAcknowledgement(draft, voice), true);
  assert.deepEqual(inputOf(draft, voice).compression, { level: 9, acknowledgeLengthLeak: true });
  draft.compression.isOn = false;
  assert.equal(inputOf(draft, voice).compression, null);
});

test('what can hardly be meant is said before it is saved', () => {
  const deny = { ...draftOf(undefined), action: 'DENY' as const };
  assert.match(doubtsOf(deny, none)[0]!, /denies every packet/);
  deny.match.ports = ['23'];
  assert.deepEqual(doubtsOf(deny, none), []);
  const draft = draftOf(voice);
  assert.deepEqual(doubtsOf(draft, new Set(['mpls', 'internet'])), []);
  assert.match(doubtsOf(draft, new Set(['mpls']))[0]!, /labelled internet/);
});
