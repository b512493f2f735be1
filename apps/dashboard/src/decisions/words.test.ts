import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoment } from '../format/time.ts';
import { inLocalTime, ruleName, type TreatmentLike, treatmentChoice, treatmentName } from './words.ts';

const voice: TreatmentLike = {
  id: 't1',
  slaClass: { name: 'Voice', roundTripMs: 150, jitterMs: null, lossPercent: null, mos: null },
  path: { mode: 'BEST', labels: [], weights: [] },
  policies: [{ name: 'calls' }, { name: 'video' }, { name: 'radio' }],
};

test('a treatment goes by the policies that ask for it', () => {
  assert.equal(treatmentName(voice), 'calls, video and 1 more');
  assert.equal(treatmentName({ ...voice, id: 'default' }), 'everything else');
  assert.equal(treatmentName({ ...voice, policies: [] }), 'no policy any more');
  assert.equal(treatmentName(null), 'a treatment that is no more');
  assert.equal(treatmentChoice(voice), 'Voice · best path');
  assert.equal(treatmentChoice({ ...voice, slaClass: null }), 'best path');
});

test('a rule that is new to us is still said', () => {
  assert.equal(ruleName('sla-violated'), 'SLA missed');
  assert.equal(ruleName('moon-phase'), 'Moon phase');
});

test('moments in a sentence are those of the reader’s clock', () => {
  const said = inLocalTime('berlin takes lte since 2026-11-28T21:01:58.745Z: it is the best.');
  assert.equal(said, `berlin takes lte since ${formatMoment('2026-11-28T21:01:58.745Z')}: it is the best.`);
  assert.equal(inLocalTime('nothing of the kind'), 'nothing of the kind');
});
