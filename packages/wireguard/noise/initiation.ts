import { decodeInitiation, encodeInitiation, type Initiation } from '../messages.ts';
import type { Primitives, PrivateKey } from '../primitives.ts';
import { Transcript } from './transcript.ts';

/** What the initiator keeps until the response arrives. */
export interface SentInitiation {
  readonly transcript: Transcript;
  readonly ephemeral: PrivateKey;
  /** The index it announced; the response comes back to it. */
  readonly sender: number;
}

export interface InitiationInputs {
  readonly own: PrivateKey;
  readonly ephemeral: PrivateKey;
  readonly peerPublicKey: Uint8Array;
  /** X25519 of the two static keys: the same in every handshake, so calculated once. */
  readonly staticSecret: Uint8Array;
  readonly timestamp: Uint8Array;
  readonly sender: number;
}

/** Writes message 1 (paper §5.4.2), MACs still zero. Undefined if the peer's public key is a low-order point. */
export function writeInitiation(
  primitives: Primitives,
  { own, ephemeral, peerPublicKey, staticSecret, timestamp, sender }: InitiationInputs,
): { readonly bytes: Uint8Array; readonly sent: SentInitiation } | undefined {
  const secret = primitives.x25519(ephemeral, peerPublicKey);
  if (secret === undefined) return undefined;
  const transcript = Transcript.start(primitives, peerPublicKey);
  transcript.mixKey(ephemeral.publicKey);
  transcript.mixHash(ephemeral.publicKey);
  const sealedStatic = transcript.seal(transcript.mixCipherKey(secret), own.publicKey);
  const sealedTimestamp = transcript.seal(transcript.mixCipherKey(staticSecret), timestamp);
  const bytes = encodeInitiation({ sender, ephemeral: ephemeral.publicKey, sealedStatic, sealedTimestamp });
  return { bytes, sent: { transcript, ephemeral, sender } };
}

/** Message 1 as far as it can be read without knowing who sent it. */
export interface OpenedInitiation {
  readonly transcript: Transcript;
  readonly message: Initiation;
  readonly initiatorPublicKey: Uint8Array;
}

/** Reads who calls; undefined if the message was not made for our key. The claim is proven only by the timestamp. */
export function openInitiation(
  primitives: Primitives,
  own: PrivateKey,
  bytes: Uint8Array,
): OpenedInitiation | undefined {
  const message = decodeInitiation(bytes);
  const secret = primitives.x25519(own, message.ephemeral);
  if (secret === undefined) return undefined;
  const transcript = Transcript.start(primitives, own.publicKey);
  transcript.mixKey(message.ephemeral);
  transcript.mixHash(message.ephemeral);
  const initiatorPublicKey = transcript.open(transcript.mixCipherKey(secret), message.sealedStatic);
  return initiatorPublicKey && { transcript, message, initiatorPublicKey };
}

/** The initiation's timestamp; undefined if the sender does not hold the key it claims. */
export function openTimestamp({ transcript, message }: OpenedInitiation, staticSecret: Uint8Array) {
  return transcript.open(transcript.mixCipherKey(staticSecret), message.sealedTimestamp);
}
