import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';
import { configurationOf, noBounds, report, Story, tunnel } from './fixtures.ts';

const story = new Story(configurationOf([tunnel('fibre', 1), tunnel('lte', 9)])).up('fibre', 'lte');
story.measure(1_000, report('lte', 40)).down('fibre');
const flow = { source: '10.1.0.7', destination: '10.2.0.9', protocol: 6, port: 443, application: null };
const circumstances = {
  ...{ flow, policy: 'Calls', action: 'allow' as const, path: { mode: 'cheapest' as const }, to: 'London' },
  ...{
    sla: { ...noBounds, name: 'Voice', roundTripMs: 150, loss: 0.01 },
    tunnelId: 'lte' as string | null | undefined,
  },
  ...{ decision: story.last, when: '12 s ago', nameOf: (id: string) => `${id} → x` },
};

test('a flow is explained in a sentence with its policy, its path and the decision behind it', () => {
  const { sentence, rows } = explain(circumstances);
  assert.equal(
    sentence,
    '10.1.0.7 → 10.2.0.9 TCP port 443 belongs to the policy Calls: the cheapest path that keeps Voice (round trip ≤ 150 ms, loss ≤ 1 %), ' +
      'and goes to London over lte → x. Decision 3, 12 s ago: fibre → x went down (silent); lte → x is the cheapest (cost 9, round trip 40.0 ms, loss 0 %, jitter 1.0 ms).',
  );
  assert.deepEqual(
    rows.map(({ path, isUsed, state, roundTrip, why }) => [path, isUsed, state, roundTrip, why.slice(0, 9)]),
    [
      ['lte → x', true, 'up', '40.0 ms', 'is the ch'],
      ['fibre → x', false, 'down', '–', 'went down'],
    ],
  );
});

test('a LAN that does not answer is said to be left, or to be kept because nothing else leads there', () => {
  const said = (silentLans: string[]) => explain({ ...circumstances, silentLans }).sentence;
  assert.match(
    said(['Leeds']),
    /jitter 1\.0 ms\)\. It does not go to Leeds, because the LAN behind does not answer\.$/,
  );
  assert.match(said(['London']), /The LAN behind London does not answer; .* because nothing else leads there\.$/);
});

test('what is denied, has no route, was not seen or has no path is said so', () => {
  const said = (change: Partial<Parameters<typeof explain>[0]>) => explain({ ...circumstances, ...change }).sentence;
  assert.match(said({ action: 'deny' }), /keeps Voice .* and is denied\.$/);
  assert.match(said({ to: null, policy: null, sla: null }), /belongs to no policy: the cheapest path; no route leads/);
  assert.match(said({ tunnelId: undefined }), /would go to London over lte → x/);
  assert.match(said({ tunnelId: null }), /goes to London nowhere, for no path is up/);
  assert.match(said({ tunnelId: 'fibre' }), /left that path by itself/);
  assert.match(said({ decision: null, tunnelId: undefined }), /no decision is remembered of\.$/);
});
