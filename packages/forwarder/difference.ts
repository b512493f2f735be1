/**
 * What a new configuration means for the links that exist: which stay (and keep their sessions), which come, which go.
 * A link is the same as before when socket, own key, remote key and preshared key are: everything else about it may
 * change while packets flow.
 */
import { equalBytes, toHex } from '@patronus/wire';

export interface LinkIdentity {
  readonly uplinkId: string;
  readonly family: 4 | 6;
  readonly ownPublicKey: Uint8Array;
  readonly remotePublicKey: Uint8Array;
  /** undefined is the same as all zero. */
  readonly presharedKey: Uint8Array | undefined;
}

export interface LinkDifference<Existing, Desired> {
  readonly kept: readonly (readonly [Existing, Desired])[];
  readonly added: readonly Desired[];
  readonly removed: readonly Existing[];
}

export function diffLinks<Existing extends LinkIdentity, Desired extends LinkIdentity>(
  existing: readonly Existing[],
  desired: readonly Desired[],
): LinkDifference<Existing, Desired> {
  const before = new Map(existing.map((link) => [identityName(link), link]));
  const kept: (readonly [Existing, Desired])[] = [];
  const added: Desired[] = [];
  for (const link of desired) {
    const name = identityName(link);
    const same = before.get(name);
    if (same !== undefined && samePresharedKey(same, link)) {
      kept.push([same, link]);
      before.delete(name);
    } else added.push(link);
  }
  return { kept, added, removed: [...before.values()] };
}

/** Who speaks with whom over what, without anything secret. */
export function identityName(link: LinkIdentity): string {
  return `${link.uplinkId}/${link.family}/${toHex(link.ownPublicKey)}/${toHex(link.remotePublicKey)}`;
}

const NO_KEY = new Uint8Array(32);

function samePresharedKey(a: LinkIdentity, b: LinkIdentity): boolean {
  return equalBytes(a.presharedKey ?? NO_KEY, b.presharedKey ?? NO_KEY);
}
