/** What a person writes of a policy: `all`, `none`, or prefixes. */
import { range } from './bgpRange.ts';

/** null: nothing passes. `more`: what it gets on its way. */
export function policyOf(text: string | undefined, more: object) {
  if (text === undefined || text === 'none') return null;
  if (text === 'all') return { everything: true, ...more };
  return { prefixes: text.split(',').map(range), ...more };
}

/** Of an option that may come several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
