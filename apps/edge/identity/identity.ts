/** Who this edge is, and whom it trusts. One file, written whole, readable by root alone. */
import { z } from 'zod';
import { readJson, writeJson } from '../state/files.ts';
import type { StatePaths } from '../state/paths.ts';

const identitySchema = z.object({
  edgeId: z.string().min(1),
  edgeName: z.string(),
  siteName: z.string(),
  /** PKCS #8 in PEM. Never leaves this file and this process. */
  privateKey: z.string(),
  certificate: z.string(),
  certificateAuthority: z.string(),
  signingKey: z.string(),
  controllers: z.array(z.string()).min(1),
  /** What the enrolment token pinned, and where: a renewal of an expired certificate goes there. */
  enrolment: z.object({ urls: z.array(z.string()), pins: z.array(z.string()) }),
});
export type Identity = z.infer<typeof identitySchema>;

export function readIdentity(paths: StatePaths): Identity | undefined {
  return readJson(paths.identity, identitySchema);
}

export function writeIdentity(paths: StatePaths, identity: Identity): void {
  writeJson(paths.identity, identity);
}
