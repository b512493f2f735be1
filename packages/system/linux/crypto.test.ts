import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex } from '@patronus/wire';
import fc from 'fast-check';
import {
  blake2s,
  Ed25519Key,
  equalInConstantTime,
  hmacBlake2s,
  openChaCha20Poly1305,
  sealChaCha20Poly1305,
  verifyEd25519,
  X25519Key,
} from './crypto.ts';

const bytes = (hex: string) => fromHex(hex)!;
const text = (value: string) => new TextEncoder().encode(value);

test('X25519 agrees as in RFC 7748 §6.1', () => {
  const alice = new X25519Key(bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'));
  const bob = new X25519Key(bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
  assert.equal(toHex(alice.publicKey), '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
  assert.equal(toHex(bob.publicKey), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  assert.equal(toHex(alice.sharedSecret(bob.publicKey)!), shared);
  assert.equal(toHex(bob.sharedSecret(alice.publicKey, false)!), shared);
});

test('a peer key that would give an all-zero secret gives none', () => {
  const key = new X25519Key(new Uint8Array(32).fill(7));
  assert.equal(key.sharedSecret(new Uint8Array(32)), undefined);
  // A point of order 8 (RFC 7748 §7).
  assert.equal(key.sharedSecret(bytes('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')), undefined);
  assert.equal(key.sharedSecret(new Uint8Array(31)), undefined, 'nor does one of another length');
});

test('Ed25519 signs as in RFC 8032 §7.1, test 1', () => {
  const key = new Ed25519Key(bytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'));
  assert.equal(toHex(key.publicKey), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  const signature = key.sign(new Uint8Array(0));
  assert.equal(
    toHex(signature),
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  );
  assert.equal(verifyEd25519(key.publicKey, new Uint8Array(0), signature), true);
  assert.equal(verifyEd25519(key.publicKey, Uint8Array.of(0), signature), false);
});

test('random keys and signatures are refused, never thrown', () => {
  const short = fc.uint8Array({ maxLength: 70 });
  fc.assert(
    fc.property(short, short, fc.uint8Array({ minLength: 64, maxLength: 64 }), (signer, message, signature) => {
      assert.equal(verifyEd25519(signer, message, message), false);
      assert.equal(verifyEd25519(signer, message, signature), false);
      assert.equal(verifyEd25519(signature.subarray(0, 32), message, signature), false);
    }),
  );
});

test('ChaCha20-Poly1305 seals as in RFC 8439 §2.8.2, and opens only what nobody changed', () => {
  const key = bytes('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = bytes('070000004041424344454647');
  const associated = bytes('50515253c0c1c2c3c4c5c6c7');
  const plain = text(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const sealed = sealChaCha20Poly1305(key, nonce, plain, associated);
  assert.equal(toHex(sealed.subarray(0, 16)), 'd31a8d34648e60db7b86afbc53ef7ec2');
  assert.equal(toHex(sealed.subarray(-16)), '1ae10b594f09e26a7e902ecbd0600691');
  assert.deepEqual(openChaCha20Poly1305(key, nonce, sealed, associated), plain);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at]! ^= 1;
    assert.equal(openChaCha20Poly1305(key, nonce, changed, associated), undefined);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(openChaCha20Poly1305(key, nonce, sealed.subarray(0, length), associated), undefined);
  }
});

test('an empty message (a keepalive) is sealed and checked as well', () => {
  const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
  const sealed = sealChaCha20Poly1305(key, nonce, none, none);
  assert.equal(sealed.length, 16);
  assert.deepEqual(openChaCha20Poly1305(key, nonce, sealed, none), none);
  sealed[0]! ^= 1;
  assert.equal(openChaCha20Poly1305(key, nonce, sealed, none), undefined);
});

test('BLAKE2s is that of RFC 7693 appendix B, and parts count as one message', () => {
  const digest = '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982';
  assert.equal(toHex(blake2s(text('abc'))), digest);
  assert.equal(toHex(blake2s(text('a'), text('bc'))), digest);
  assert.equal(toHex(blake2s()), toHex(blake2s(text(''))));
});

test('HMAC over BLAKE2s is the one of OpenSSL, for keys of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 130 }), fc.uint8Array({ maxLength: 100 }), (key, message) => {
      const expected = createHmac('blake2s256', key).update(message).digest('hex');
      assert.equal(toHex(hmacBlake2s(key, message)), expected);
      assert.equal(toHex(hmacBlake2s(key, message.subarray(0, 3), message.subarray(3))), expected);
    }),
  );
});

test('values of different length are unequal, not an error', () => {
  assert.equal(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assert.equal(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.equal(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1)), false);
});
