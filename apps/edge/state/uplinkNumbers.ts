/** Which uplink has which routing table and mark, kept across restarts. */
import { z } from 'zod';
import { numberUplinks } from '../kernel/uplinks.ts';
import { readJsonOrNone, writeJson } from './files.ts';
import type { StatePaths } from './paths.ts';

const schema = z.record(z.string(), z.int().min(0));

/** Numbers for exactly these uplinks. */
export function numbersFor(paths: StatePaths, uplinkIds: readonly string[]): Readonly<Record<string, number>> {
  const earlier = readJsonOrNone(paths.uplinkNumbers, schema) ?? {};
  const numbers = numberUplinks(earlier, uplinkIds);
  if (JSON.stringify(numbers) !== JSON.stringify(earlier)) writeJson(paths.uplinkNumbers, numbers);
  return numbers;
}
