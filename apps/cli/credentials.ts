/** Where `patronus login` keeps who is signed in, and with which certificate the controller showed itself. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const credentialsSchema = z.object({
  url: z.string(),
  email: z.string(),
  session: z.string(),
  expiresAt: z.string(),
  /** PEM that TLS trusts besides the system's authorities; null when those suffice. */
  certificateAuthority: z.string().nullable(),
});
export type Credentials = z.infer<typeof credentialsSchema>;

function file(): string {
  const base = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  return join(base, 'patronus', 'credentials.json');
}

/** The stored sign-in; undefined when there is none or it cannot be read. */
export function readCredentials(): Credentials | undefined {
  try {
    const parsed = credentialsSchema.safeParse(JSON.parse(readFileSync(file(), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Stored whole or not at all, readable by its owner alone. */
export function writeCredentials(credentials: Credentials): void {
  mkdirSync(dirname(file()), { recursive: true, mode: 0o700 });
  const fresh = `${file()}.new`;
  writeFileSync(fresh, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file());
}

export function removeCredentials(): void {
  rmSync(file(), { force: true });
}
