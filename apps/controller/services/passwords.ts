import { hash, verify } from '@node-rs/argon2';

/** Argon2id with the parameters of RFC 9106's second choice, scaled to what a small machine bears (19 MiB, t=2). */
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export async function hashPassword(password: string): Promise<string> {
  return hash(password, options);
}

let decoy: Promise<string> | undefined;

/** Takes as long when there is no such user, so that time does not tell which accounts exist. */
export async function isPassword(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('nobody has this password');
  const matches = await verify(stored ?? (await decoy), password);
  return matches && stored !== undefined;
}
