import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lingering, Towards } from './lingering.ts';

interface Line {
  /** Between packets. */
  readonly everyMs: number;
  /** Until each is answered. */
  readonly answerMs: number;
  readonly forMs: number;
  readonly towards?: Towards;
}

/** Packets that are answered so soon: ms that were waited, and how many answers were met awake. */
function wait(lingering: Lingering, { everyMs, answerMs, forMs, towards = Towards.fabric }: Line, fromMs = 0) {
  let waitedMs = 0;
  let met = 0;
  let sent = 0;
  for (let now = fromMs; now < fromMs + forMs; now += everyMs, sent++) {
    lingering.carried(towards, now);
    const most = lingering.untilMs - now;
    if (most <= 0) continue;
    const ms = Math.min(most, answerMs);
    lingering.waited(ms, answerMs <= most);
    waitedMs += ms;
    if (answerMs <= most) met += 1;
  }
  return { waitedMs, met, sent };
}

test('answers that come soon are met awake', () => {
  const { met, sent } = wait(new Lingering(), { everyMs: 200, answerMs: 0.3, forMs: 10_000 });
  assert.deepEqual([met, sent], [50, 50]);
});

test('however many packets there are, it waits for a hundredth of the time, and what it had saved', () => {
  for (const everyMs of [0.3, 1, 5, 20])
    assert.ok(wait(new Lingering(), { everyMs, answerMs: 0.2, forMs: 100_000 }).waitedMs <= 1_010.5, `${everyMs}`);
});

test('where answers take longer it soon waits no more, and finds out when they have become faster', () => {
  const lingering = new Lingering();
  const slow = wait(lingering, { everyMs: 20, answerMs: 15, forMs: 200_000 });
  assert.equal(slow.met, 0);
  assert.ok(slow.waitedMs < 10.5, `${slow.waitedMs} of 200,000 ms`);
  const fast = wait(lingering, { everyMs: 40, answerMs: 0.3, forMs: 200_000 }, 200_000);
  assert.ok(fast.met >= fast.sent - 1_023, `${fast.met} of ${fast.sent}`);
});

test('what had to be done meanwhile is no answer that did not come', () => {
  const lingering = new Lingering();
  lingering.carried(Towards.fabric, 0);
  lingering.waited(0.1, undefined);
  assert.equal(lingering.untilMs, 0.5);
  lingering.waited(0.4, true);
  lingering.carried(Towards.fabric, 100);
  assert.equal(lingering.untilMs, 100.5);
});

test('what the LAN does not answer soon says nothing of the fabric', () => {
  const lingering = new Lingering();
  wait(lingering, { everyMs: 20, answerMs: 15, forMs: 20_000, towards: Towards.lan });
  assert.equal(wait(lingering, { everyMs: 200, answerMs: 0.3, forMs: 2_000 }, 20_000).met, 10);
});
