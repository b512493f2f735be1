import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { statePaths } from '../state/paths.ts';
import { publicKeyOf, raiseTimestampFloor, readTimestampFloor, uplinkKey } from './wireguardKeys.ts';

function freshPaths(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pt-keys-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return statePaths(directory);
}

test('the public key is the private one times the base point (RFC 7748 §6.1)', () => {
  const alice = Buffer.from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a', 'hex').toString(
    'base64',
  );
  const expected = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
  assert.equal(Buffer.from(publicKeyOf(alice), 'base64').toString('hex'), expected);
});

test('an uplink keeps its key, and no two share one', (context) => {
  const paths = freshPaths(context);
  const first = uplinkKey(paths, 'internet');
  assert.deepEqual(uplinkKey(paths, 'internet'), first);
  assert.notEqual(uplinkKey(paths, 'lte').privateKey, first.privateKey);
  assert.equal(statSync(paths.uplinkKey('internet')).mode & 0o777, 0o600);
});

test('a timestamp floor only rises', (context) => {
  const paths = freshPaths(context);
  const [low, high] = ['4000000065000000'.padEnd(24, '0'), '4000000066000000'.padEnd(24, '0')];
  assert.equal(readTimestampFloor(paths, 'internet'), null);
  raiseTimestampFloor(paths, 'internet', high);
  raiseTimestampFloor(paths, 'internet', low);
  assert.equal(readTimestampFloor(paths, 'internet'), high);
  assert.throws(() => raiseTimestampFloor(paths, 'internet', 'yesterday'), { code: 'BAD_TIMESTAMP' });
  assert.deepEqual(readdirSync(join(paths.directory, 'keys')), ['internet.floor'], 'nothing half-written is left');
});

test('a key file of the right length that holds no key is set aside, and a new key made', (context) => {
  context.mock.method(process, 'emitWarning', () => undefined);
  const paths = freshPaths(context);
  const { publicKey } = uplinkKey(paths, 'internet');
  writeFileSync(paths.uplinkKey('internet'), JSON.stringify({ privateKey: 'A'.repeat(42).concat('!!') }));
  const anew = uplinkKey(paths, 'internet');
  assert.notEqual(anew.publicKey, publicKey);
  assert.deepEqual(uplinkKey(paths, 'internet'), anew);
});
