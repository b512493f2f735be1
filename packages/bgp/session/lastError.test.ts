import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeNotification } from '../codec/notification.ts';
import { Opposite } from './opposite.ts';
import { lastErrorInWords } from './reasons.ts';

const shutdown = encodeNotification({ code: 6, subcode: 2, data: Uint8Array.of(2, 0x68, 0x69) });
const collision = encodeNotification({ code: 6, subcode: 7, data: new Uint8Array(0) });

function words({ session }: Opposite): string | null {
  return lastErrorInWords(session.state, session.lastDown, session.lastReason);
}

test('why it went down stays told while it cannot come up, with what keeps it down', () => {
  const opposite = new Opposite().toEstablished();
  assert.equal(words(opposite), null);
  opposite.say(shutdown);
  const first = words(opposite);
  assert.match(first!, /^the peer says .*administrative shutdown.*: "hi"$/);
  opposite.pass(Math.max(0, opposite.session.deadline - opposite.nowMs));
  opposite.give({ kind: 'closed', connection: opposite.connection, reason: 'connection refused' });
  assert.equal(words(opposite), `${first}; since then: the connection ended: connection refused`);
  opposite.again();
  assert.equal(opposite.session.state, 'Established');
  assert.equal(words(opposite), first, 'what kept it down is over');
});

test('a connection that the peer gave up for another one is no error (RFC 4271 §6.8), except where it was the session', () => {
  const opposite = new Opposite().toOpenConfirm();
  opposite.say(collision);
  assert.equal(opposite.session.state, 'Idle');
  assert.equal(words(opposite), null);
  const established = new Opposite().toEstablished();
  established.say(collision);
  assert.match(words(established)!, /collision/);
});
