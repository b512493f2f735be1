import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordStrength } from './password.ts';

test('a password below the minimum length is too short, whatever it holds', () => {
  assert.equal(passwordStrength(''), 'too short');
  assert.equal(passwordStrength('aB3$aB3$aB3'), 'too short');
});

test('length alone does not make a password strong', () => {
  assert.equal(passwordStrength('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), 'weak');
});

test('a passphrase of several words is strong', () => {
  assert.equal(passwordStrength('correct horse battery staple'), 'strong');
});
