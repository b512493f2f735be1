/** Fast, repeatable mutation of valid input: a million of them in seconds, the same ones for the same seed. */

/** A source of whole numbers below 2^32 (xorshift32). The seed must not be 0. */
export function seededNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const JSON_PARTS = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '0',
  '-1',
  '1e999',
  'null',
  'true',
  '\\',
  '\u0000',
  '\ud800',
  '__proto__',
  '9',
];

/** The text with one to three places replaced, doubled or cut out; parts that matter in JSON are among the new ones. */
export function mutateText(text: string, next: () => number): string {
  let mutated = text;
  for (let times = 1 + (next() % 3); times > 0; times--) {
    const at = next() % (mutated.length + 1);
    const removed = next() % 4 === 0 ? next() % 40 : next() % 3;
    mutated = mutated.slice(0, at) + insertion(mutated, next) + mutated.slice(at + removed);
  }
  return mutated;
}

function insertion(text: string, next: () => number): string {
  switch (next() % 4) {
    case 0:
      return '';
    case 1:
      return JSON_PARTS[next() % JSON_PARTS.length] as string;
    case 2:
      return String.fromCharCode(next() & 0xff);
    default: {
      const from = next() % text.length;
      return text.slice(from, from + (next() % 20));
    }
  }
}

/** A JSON value with one of its leaves or branches replaced by something of another kind. */
export function mutateValue(value: unknown, next: () => number): unknown {
  if (typeof value !== 'object' || value === null || next() % 8 === 0) return ODD_VALUES[next() % ODD_VALUES.length];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const keys = Object.keys(copy);
  if (keys.length === 0) return copy;
  const key = keys[next() % keys.length] as string;
  const fields = copy as Record<string, unknown>;
  fields[key] = mutateValue(fields[key], next);
  return copy;
}

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  'x'.repeat(300),
  '10.0.0.0/33',
  '::ffff:1.2.3.4/128',
  '[::1]:70000',
  [],
  [[]],
  {},
  { type: 'hello' },
];
