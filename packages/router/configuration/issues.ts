/** What the schema complains of, in words that say what to write instead. */
import type { z } from 'zod';
import { type ConfigurationError, nearestWord, type Places } from './places.ts';

type Issue = z.core.$ZodIssue;

export function errorsOf(issues: readonly Issue[], places: Places, words: readonly string[]): ConfigurationError[] {
  return issues.flatMap((issue) => errorsOfOne(issue, [], places, words));
}

function errorsOfOne(
  issue: Issue,
  before: readonly PropertyKey[],
  places: Places,
  words: readonly string[],
): ConfigurationError[] {
  const path = [...before, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearestWord(key, words);
      const hint = near === undefined ? 'docs/bgp.md lists them all' : `did you mean "${near}"?`;
      return places.errorAt(path, `there is no key "${key}" here; ${hint}`, key);
    });
  }
  if (issue.code === 'invalid_union') {
    const branch = deepest(issue.errors);
    if (branch !== undefined) return branch.flatMap((one) => errorsOfOne(one, path, places, words));
    return [places.errorAt(path, `write ${[...new Set(issue.errors.flat().map(wanted))].join(', or ')}`)];
  }
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.endsWith('received undefined')) {
    return [places.errorAt(path, `is missing; write ${wanted(issue)}`)];
  }
  if (issue.code === 'custom') return [places.errorAt(path, issue.message)];
  return [places.errorAt(path, `write ${wanted(issue)}`)];
}

/** The alternative that was meant: the one whose complaint lies deeper than the value as a whole, or is our own words. */
function deepest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) =>
    issues.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys' || code === 'custom'),
  );
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'names and values',
};

/** What should stand there. */
function wanted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => String(value)).join(', ');
    case 'too_small':
      return issue.origin === 'string' ? 'something' : `${issue.minimum} or more`;
    case 'too_big':
      return issue.origin === 'string' ? `${issue.maximum} letters at most` : `${issue.maximum} at most`;
    default:
      return issue.message;
  }
}
