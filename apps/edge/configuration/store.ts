/** What survives a restart: the last good configuration as it was signed, and what was given up. */
import { signedConfigurationSchema, versionSchema } from '@patronus/protocol';
import { z } from 'zod';
import { readJsonOrNone, writeJson } from '../state/files.ts';
import type { StatePaths } from '../state/paths.ts';
import type { Rejected } from './trial.ts';
import { refusalCodes, type Verified, verifyConfiguration } from './verify.ts';

const rejectedSchema = z.array(
  z.object({
    version: versionSchema,
    digest: z.string(),
    code: z.enum(refusalCodes),
    reason: z.string(),
    attempts: z.int().min(1),
  }),
);

export function keepGood(paths: StatePaths, { signed }: Verified): void {
  writeJson(paths.configuration, signed);
}

/** The last good one, verified anew: the disk is no more trusted than the network. Undefined if none, or not ours. */
export function readGood(paths: StatePaths, trusted: { signingKey: string; edgeId: string }): Verified | undefined {
  const signed = readJsonOrNone(paths.configuration, signedConfigurationSchema);
  if (signed === undefined) return undefined;
  const verdict = verifyConfiguration(signed, trusted);
  if (verdict.ok) return verdict.value;
  process.emitWarning(`${paths.configuration} is not used: ${verdict.error.reason}; a new one is asked for`);
  return undefined;
}

export function keepRejected(paths: StatePaths, rejected: readonly Rejected[]): void {
  writeJson(paths.rejected, rejected);
}

export function readRejected(paths: StatePaths): readonly Rejected[] {
  return (readJsonOrNone(paths.rejected, rejectedSchema) ?? []).map((rejected) => ({ ...rejected, attemptedAt: 0 }));
}
