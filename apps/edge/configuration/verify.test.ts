import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignedConfiguration } from '@patronus/protocol';
import fc from 'fast-check';
import { configurationOf, signed, signText, trusted } from './fixtures.ts';
import { isNewEnough, verifyConfiguration } from './verify.ts';

function codeOf(offered: SignedConfiguration): string {
  const verdict = verifyConfiguration(offered, trusted);
  return verdict.ok ? 'accepted' : verdict.error.code;
}

test('a configuration signed by the pinned key for this edge is accepted, with fields it does not know', () => {
  assert.equal(codeOf(signed(configurationOf(1))), 'accepted');
  const newer = JSON.stringify({ ...configurationOf(1), invention: { of: 'the next release' } });
  assert.equal(codeOf(signText(newer)), 'accepted');
});

test('no changed bit of payload or signature passes', () => {
  const sound = signed(configurationOf(1));
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 0x7f }), fc.boolean(), (at, flip, isPayload) => {
      const key = isPayload ? 'payload' : 'signature';
      const text = Buffer.from(sound[key], isPayload ? 'utf8' : 'base64');
      text[at % text.length]! ^= flip;
      const changed = { ...sound, [key]: text.toString(isPayload ? 'utf8' : 'base64') };
      assert.equal(codeOf(changed), 'BAD_SIGNATURE');
    }),
    { numRuns: 300 },
  );
});

test('a signature without the context line, or by nobody, does not pass', () => {
  const sound = signed(configurationOf(1));
  for (const signature of ['', 'AAAA', 'not base64 at all'])
    assert.equal(codeOf({ ...sound, signature }), 'BAD_SIGNATURE');
});

test('what is signed and wrong is refused with its reason', () => {
  const { edge, tunnels } = configurationOf(1);
  assert.equal(codeOf(signText('{')), 'NOT_UNDERSTOOD');
  assert.equal(codeOf(signText(JSON.stringify({ ...configurationOf(1), mtu: 12 }))), 'NOT_UNDERSTOOD');
  assert.equal(codeOf(signed(configurationOf(1, { edge: { ...edge, id: 'tokyo' } }))), 'WRONG_EDGE');
  assert.equal(codeOf(signed(configurationOf(1, { uplinks: [] }))), 'NOT_CONSISTENT');
  assert.equal(codeOf(signed(configurationOf(1, { tunnels: [tunnels[0]!, tunnels[0]!] }))), 'NOT_CONSISTENT');
  assert.equal(codeOf(signed(configurationOf(1, { edges: [] }))), 'NOT_CONSISTENT');
});

test('only a higher number is something new', () => {
  const at = (epoch: number, sequence: number, digest = 'a') => ({ version: { epoch, sequence }, digest });
  const verdict = (offered: ReturnType<typeof at>) => {
    const result = isNewEnough(offered, at(2, 5));
    return result.ok ? result.value : result.error.code;
  };
  assert.equal(verdict(at(2, 6)), 'newer');
  assert.equal(verdict(at(3, 1)), 'newer', 'a restored backup raises the epoch');
  assert.equal(verdict(at(2, 5)), 'same');
  assert.equal(verdict(at(2, 5, 'b')), 'SAME_VERSION_DIFFERS');
  assert.equal(verdict(at(2, 4)), 'OLDER_VERSION');
  assert.equal(verdict(at(1, 99)), 'OLDER_VERSION');
});
