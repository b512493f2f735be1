import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionConfiguration } from './configuration.ts';
import { Opposite } from './opposite.ts';
import { Secret } from './secret.ts';

test('what may be the matter with a peer that never answers is told, a key among it; keys that differ get no answer', () => {
  const unanswered = (configuration: Partial<SessionConfiguration>) => {
    const opposite = new Opposite({ configuration: { connectRetryS: 40, ...configuration } });
    opposite.give({ kind: 'start' });
    opposite.pass(40_000);
    const told = opposite.taken('failed').map(({ reason }) => reason);
    assert.deepEqual(told, [opposite.session.lastReason]);
    assert.deepEqual([told[0]!.event, told[0]!.notification], ['ConnectRetryTimer_Expires', null]);
    return told[0]!.text;
  };
  assert.match(
    unanswered({}),
    /^the peer does not answer within 40 s: check .* TCP 179 is open, .* asks for no password$/,
  );
  const withKey = unanswered({ md5Key: new Secret('hunter2') });
  assert.match(withKey, /^the peer does not answer within 40 s: .* both have the same password$/);
  assert.doesNotMatch(withKey, /hunter2/);
  const passive = new Opposite({ configuration: { isPassive: true } });
  passive.give({ kind: 'start' });
  passive.pass(100_000);
  assert.deepEqual(passive.taken('failed'), [], 'who waits has asked nobody');
});
