/** Patterns over AS paths against paths, and against a peer that wants them to be slow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AsSegment } from '../codec/attributes/values.ts';
import { compileAsPath } from './asPathPattern.ts';

const sequence = (...numbers: number[]): AsSegment[] => (numbers.length === 0 ? [] : [{ type: 'sequence', numbers }]);

function matches(text: string, path: readonly AsSegment[]): boolean {
  const pattern = compileAsPath(text);
  assert.ok(pattern.ok, pattern.ok ? '' : pattern.error);
  return pattern.value.matches(path);
}

test('patterns match as their signs say', () => {
  const cases: readonly (readonly [string, readonly number[], boolean])[] = [
    ['^$', [], true],
    ['^$', [1], false],
    ['', [1, 2], true],
    ['.*', [], true],
    ['^1$', [1], true],
    ['^1$', [1, 1], false],
    ['_2_', [1, 2, 3], true],
    ['_2_', [1, 22, 3], false],
    ['2 3$', [1, 2, 3], true],
    ['2 3$', [2, 3, 4], false],
    ['^1 .* 9$', [1, 9], true],
    ['^1 .* 9$', [1, 5, 6, 9], true],
    ['^1_.+_9$', [1, 9], false],
    ['^1+ 2?$', [1, 1, 1], true],
    ['^1+ 2?$', [1, 2, 2], false],
    ['^(1|2 3)*$', [1, 2, 3, 1], true],
    ['^(1|2 3)*$', [1, 2, 1], false],
    ['^.{0,3}$', [1, 2, 3], true],
    ['^.{0,3}$', [1, 2, 3, 4], false],
    ['^7{2}$', [7, 7], true],
    ['^7{2,}$', [7, 7, 7], true],
    ['^7{2,}$', [7], false],
    ['.{3,}', [1, 2], false],
    ['.{3,}', [1, 2, 3, 4], true],
    ['[64512-65534 1]', [5, 64_600], true],
    ['[64512-65534]', [5, 65_535], false],
    ['^[0-9]+$', [70_000, 2], true],
    ['^(1 (2|3)?)+$', [1, 2, 1, 3, 1], true],
    ['4294967295', [4_294_967_295], true],
  ];
  for (const [pattern, path, expected] of cases) {
    assert.equal(matches(pattern, sequence(...path)), expected, `${pattern} and ${path.join(' ')}`);
  }
});

test('a set is one step that any member can take, and confederations are passed over', () => {
  const path: AsSegment[] = [
    { type: 'confederation-sequence', numbers: [64_512] },
    { type: 'sequence', numbers: [1] },
    { type: 'set', numbers: [5, 6] },
  ];
  assert.equal(matches('^1 6$', path), true);
  assert.equal(matches('^1 5 6$', path), false);
  assert.equal(matches('64512', path), false);
});

test('what is no pattern is refused with the place and what to write', () => {
  const refused = [
    '^65001 (',
    '1)',
    '[5',
    '[9-1]',
    '4294967296',
    'a',
    '*',
    '1{5,2}',
    '1{1,99}',
    '1{99,}',
    '(((.{64}){64}){64})',
  ];
  for (const text of refused) {
    const pattern = compileAsPath(text);
    assert.equal(pattern.ok, false, text);
    if (!pattern.ok) assert.match(pattern.error, /write|states/, text);
  }
});

test('a path made to be slow costs steps in proportion to its length', () => {
  const pattern = compileAsPath('^(1* 1*)* (1|1)* (.* .*)* 2$');
  assert.ok(pattern.ok);
  const path = sequence(...Array.from({ length: 10_000 }, () => 1));
  assert.equal(pattern.value.matches(path), false);
});

test('an anchored pattern agrees with a regular expression over letters', () => {
  const letter = fc.constantFrom('1', '2', '3');
  const { piece } = fc.letrec<{ piece: string }>((tie) => ({
    piece: fc.oneof(
      { maxDepth: 3 },
      letter,
      fc.constant('.'),
      fc.tuple(tie('piece'), tie('piece')).map(([left, right]) => `${left} ${right}`),
      fc.tuple(tie('piece'), tie('piece')).map(([left, right]) => `(${left}|${right})`),
      fc
        .tuple(tie('piece'), fc.constantFrom('?', '*', '+', '{2}', '{0,2}', '{1,}'))
        .map(([inner, sign]) => `(${inner})${sign}`),
    ),
  }));
  fc.assert(
    fc.property(piece, fc.array(letter, { maxLength: 7 }), (text, path) => {
      const expected = new RegExp(`^(?:${text.replaceAll(' ', '')})$`).test(path.join(''));
      assert.equal(matches(`^${text}$`, sequence(...path.map(Number))), expected);
    }),
    { numRuns: 2_000 },
  );
});

test('any text compiles or is refused, and nothing throws', () => {
  const text = fc.string({ unit: fc.constantFrom(...'0123456789^$|()[]{}?*+._ ,-a'), maxLength: 40 });
  fc.assert(
    fc.property(text, (pattern) => {
      const compiled = compileAsPath(pattern);
      if (compiled.ok) compiled.value.matches(sequence(1, 2, 3));
    }),
    { numRuns: 5_000 },
  );
});
