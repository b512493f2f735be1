/**
 * The authentication section (RFC 5880 §4.2–4.4, §6.7): simple password, and keyed and meticulous keyed MD5 and SHA1.
 * The hash functions are given, so that nothing here depends on a platform.
 */
import { putWord, wordAt } from '../codec/control.ts';
import type { DiscardReason } from '../discards.ts';

export interface Hashes {
  /** 16 bytes (RFC 1321). */
  md5(bytes: Uint8Array): Uint8Array;
  /** 20 bytes (RFC 3174). */
  sha1(bytes: Uint8Array): Uint8Array;
}

interface Kind {
  readonly code: number;
  /** Longest secret, bytes; of keyed kinds also the length of the digest. */
  readonly secretBytes: number;
  readonly hash: keyof Hashes | undefined;
  /** Whether every packet has a sequence number of its own. */
  readonly isMeticulous: boolean;
}

const kinds = {
  simplePassword: { code: 1, secretBytes: 16, hash: undefined, isMeticulous: false },
  keyedMd5: { code: 2, secretBytes: 16, hash: 'md5', isMeticulous: false },
  meticulousKeyedMd5: { code: 3, secretBytes: 16, hash: 'md5', isMeticulous: true },
  keyedSha1: { code: 4, secretBytes: 20, hash: 'sha1', isMeticulous: false },
  meticulousKeyedSha1: { code: 5, secretBytes: 20, hash: 'sha1', isMeticulous: true },
} as const satisfies Record<string, Kind>;

export type AuthenticationType = keyof typeof kinds;
export const authenticationTypes = Object.keys(kinds) as readonly AuthenticationType[];

export interface AuthenticationKey {
  /** 0…255. */
  readonly id: number;
  /** 1…16 bytes, for SHA1 1…20. */
  readonly secret: Uint8Array;
}

export interface AuthenticationOptions {
  readonly type: AuthenticationType;
  /** All are accepted; the first is the one that is sent with. */
  readonly keys: readonly AuthenticationKey[];
  readonly hashes: Hashes;
  /** Random, 32 bits (bfd.XmitAuthSeq, §6.8.1). */
  readonly firstSequence: number;
}

/** Type, length, key ID, and of keyed kinds a reserved byte and the sequence number. */
const PASSWORD_HEADER = 3;
const KEYED_HEADER = 8;
const MANDATORY_LENGTH = 24;

/** The authentication of one session: its keys, and the sequence numbers of both directions. */
export class Authentication {
  readonly type: AuthenticationType;
  /** Bytes that the section adds to a packet that is sent. */
  readonly sectionLength: number;
  readonly #kind: Kind;
  readonly #keys: ReadonlyMap<number, Uint8Array>;
  readonly #sending: AuthenticationKey;
  readonly #hashes: Hashes;
  readonly #scratch: Uint8Array;
  #transmitSequence: number;
  #receivedSequence = 0;
  #isSequenceKnown = false;

  /** Throws a RangeError that names what is wrong with the keys, never a secret. */
  constructor({ type, keys, hashes, firstSequence }: AuthenticationOptions) {
    const kind: Kind = kinds[type];
    const sending = keys[0];
    if (sending === undefined) throw new RangeError('BFD authentication needs at least one key');
    if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw new RangeError('two BFD keys have the same id');
    for (const { id, secret } of keys) {
      if (!(Number.isInteger(id) && id >= 0 && id <= 255)) throw new RangeError(`BFD key id ${id}: use 0 to 255`);
      if (secret.length < 1 || secret.length > kind.secretBytes) {
        throw new RangeError(`BFD key ${id}: ${secret.length} bytes, ${type} takes 1 to ${kind.secretBytes}`);
      }
    }
    this.type = type;
    this.#kind = kind;
    this.#hashes = hashes;
    this.#sending = sending;
    this.#transmitSequence = firstSequence >>> 0;
    // Digests are made with the key in their place, filled up with zeros (§6.7.3).
    this.#keys = new Map(keys.map(({ id, secret }) => [id, kind.hash === undefined ? secret : padded(secret, kind)]));
    this.sectionLength =
      kind.hash === undefined ? PASSWORD_HEADER + sending.secret.length : KEYED_HEADER + kind.secretBytes;
    this.#scratch = new Uint8Array(MANDATORY_LENGTH + KEYED_HEADER + kind.secretBytes);
  }

  /** Whether the next sequence number of the other end is known (bfd.AuthSeqKnown). */
  get isSequenceKnown(): boolean {
    return this.#isSequenceKnown;
  }

  /** After twice the Detection Time of silence, so that an end that restarted is heard again (§6.8.1). */
  forgetSequence(): void {
    this.#isSequenceKnown = false;
  }

  /** Judges the packet of `length` bytes (its own Length field, checked) at `offset`. */
  verify(bytes: Uint8Array, offset: number, length: number): DiscardReason | undefined {
    const section = offset + MANDATORY_LENGTH;
    const sectionLength = length - MANDATORY_LENGTH;
    const { code, hash } = this.#kind;
    if (bytes[section] !== code || bytes[section + 1] !== sectionLength) return 'badAuthenticationSection';
    return hash === undefined
      ? this.#verifyPassword(bytes, section, sectionLength)
      : this.#verifyDigest(bytes, offset, length);
  }

  /** Writes the section behind the mandatory one at `offset`, which is complete with its length and A bit. */
  sign(bytes: Uint8Array, offset: number): void {
    const { code, hash } = this.#kind;
    const section = offset + MANDATORY_LENGTH;
    const { id, secret } = this.#sending;
    bytes[section] = code;
    bytes[section + 1] = this.sectionLength;
    bytes[section + 2] = id;
    if (hash === undefined) {
      bytes.set(secret, section + PASSWORD_HEADER);
      return;
    }
    // Meticulous kinds must, the others may (§6.7.3): the fewer packets can be replayed, the better.
    this.#transmitSequence = (this.#transmitSequence + 1) >>> 0;
    bytes[section + 3] = 0;
    putWord(bytes, section + 4, this.#transmitSequence);
    bytes.set(this.#keys.get(id)!, section + KEYED_HEADER);
    const whole = bytes.subarray(offset, section + this.sectionLength);
    bytes.set(this.#hashes[hash](whole), section + KEYED_HEADER);
  }

  /** §6.7.2. */
  #verifyPassword(bytes: Uint8Array, section: number, sectionLength: number): DiscardReason | undefined {
    if (sectionLength <= PASSWORD_HEADER) return 'badAuthenticationSection';
    const password = this.#keys.get(bytes[section + 2]!);
    if (password === undefined) return 'unknownKey';
    if (sectionLength !== PASSWORD_HEADER + password.length) return 'badDigest';
    return isSame(bytes, section + PASSWORD_HEADER, password) ? undefined : 'badDigest';
  }

  /** §6.7.3, §6.7.4. */
  #verifyDigest(bytes: Uint8Array, offset: number, length: number): DiscardReason | undefined {
    const { secretBytes, hash, isMeticulous } = this.#kind;
    const section = offset + MANDATORY_LENGTH;
    if (length - MANDATORY_LENGTH !== KEYED_HEADER + secretBytes) return 'badAuthenticationSection';
    const key = this.#keys.get(bytes[section + 2]!);
    if (key === undefined) return 'unknownKey';
    const sequence = wordAt(bytes, section + 4);
    if (this.#isSequenceKnown) {
      // "Detect Mult" of the window is the sender's: so many packets may be lost before the session is.
      const ahead = (sequence - this.#receivedSequence) >>> 0;
      if (ahead > 3 * bytes[offset + 2]! || (isMeticulous && ahead === 0)) return 'badSequence';
    }
    const scratch = this.#scratch;
    for (let at = 0; at < section + KEYED_HEADER - offset; at++) scratch[at] = bytes[offset + at]!;
    scratch.set(key, MANDATORY_LENGTH + KEYED_HEADER);
    const digest = this.#hashes[hash!](scratch);
    if (!isSame(bytes, section + KEYED_HEADER, digest)) return 'badDigest';
    // The RFC would note an unknown sequence before the digest is looked at; then anybody could set it.
    this.#isSequenceKnown = true;
    this.#receivedSequence = sequence;
    return undefined;
  }
}

function padded(secret: Uint8Array, { secretBytes }: Kind): Uint8Array {
  const key = new Uint8Array(secretBytes);
  key.set(secret);
  return key;
}

/** Takes as long whatever differs. */
function isSame(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  let difference = 0;
  for (let at = 0; at < expected.length; at++) difference |= bytes[offset + at]! ^ expected[at]!;
  return difference === 0;
}
