import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalBytes, fromBase64, fromBase64Url, fromHex, toBase64, toBase64Url, toHex } from './index.ts';

test('hexadecimal and base64 agree with another implementation and come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const other = Buffer.from(bytes);
      assert.equal(toHex(bytes), other.toString('hex'));
      assert.equal(toBase64(bytes), other.toString('base64'));
      assert.equal(toBase64Url(bytes), other.toString('base64url'));
      assert.ok(equalBytes(fromHex(toHex(bytes).toUpperCase())!, bytes));
      assert.ok(equalBytes(fromBase64(toBase64(bytes))!, bytes));
      assert.ok(equalBytes(fromBase64Url(toBase64Url(bytes))!, bytes));
    }),
  );
});

test('the examples of RFC 4648 §10 hold', () => {
  const examples = {
    '': '',
    f: 'Zg==',
    fo: 'Zm8=',
    foo: 'Zm9v',
    foob: 'Zm9vYg==',
    fooba: 'Zm9vYmE=',
    foobar: 'Zm9vYmFy',
  };
  for (const [text, encoded] of Object.entries(examples)) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(toBase64(bytes), encoded);
    assert.deepEqual(fromBase64(encoded), bytes);
  }
});

test('a text that is not exactly one encoding is refused', () => {
  for (const text of ['0', '0g', 'zz', ' 00', '0x']) assert.equal(fromHex(text), undefined, text);
  for (const text of ['Zg', 'Zg=', 'Zh==', 'Zm8', 'Zm9=', '====', 'Zm9 ', 'Zm-v', 'Zé==']) {
    assert.equal(fromBase64(text), undefined, text);
  }
  for (const text of ['Zg==', 'Zh', 'Z', 'Zm+v']) assert.equal(fromBase64Url(text), undefined, text);
});

test('random text is decoded only if it encodes back to itself', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 24 }), (text) => {
      const bytes = fromBase64(text);
      if (bytes !== undefined) assert.equal(toBase64(bytes), text);
      const urlBytes = fromBase64Url(text);
      if (urlBytes !== undefined) assert.equal(toBase64Url(urlBytes), text);
    }),
  );
});
