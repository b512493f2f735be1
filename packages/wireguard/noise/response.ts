import { decodeResponse, encodeResponse } from '../messages.ts';
import type { Primitives, PrivateKey } from '../primitives.ts';
import type { OpenedInitiation, SentInitiation } from './initiation.ts';

const NOTHING = new Uint8Array(0);

/** The keys of a finished handshake, from one end's point of view. */
export interface SessionKeys {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** Index the other end gave itself: the receiver of what we send. */
  readonly remoteIndex: number;
}

export interface ResponseInputs {
  readonly ephemeral: PrivateKey;
  /** 32 bytes; all zero when there is none. */
  readonly presharedKey: Uint8Array;
  readonly sender: number;
}

/** Writes message 2 (paper §5.4.3), MACs still zero. Undefined if one of the initiator's keys is a low-order point. */
export function writeResponse(
  primitives: Primitives,
  { transcript, message, initiatorPublicKey }: OpenedInitiation,
  { ephemeral, presharedKey, sender }: ResponseInputs,
): { readonly bytes: Uint8Array; readonly keys: SessionKeys } | undefined {
  const ephemeralSecret = primitives.x25519(ephemeral, message.ephemeral);
  const staticSecret = primitives.x25519(ephemeral, initiatorPublicKey);
  if (ephemeralSecret === undefined || staticSecret === undefined) return undefined;
  transcript.mixKey(ephemeral.publicKey);
  transcript.mixHash(ephemeral.publicKey);
  transcript.mixKey(ephemeralSecret);
  transcript.mixKey(staticSecret);
  const sealedNothing = transcript.seal(transcript.mixPresharedKey(presharedKey), NOTHING);
  const receiver = message.sender;
  const bytes = encodeResponse({ sender, receiver, ephemeral: ephemeral.publicKey, sealedNothing });
  const { initiatorKey, responderKey } = transcript.split();
  return { bytes, keys: { sendKey: responderKey, receiveKey: initiatorKey, remoteIndex: receiver } };
}

/** Finishes the handshake at its initiator; undefined if the response is not an answer to `sent`, which stays usable. */
export function readResponse(
  primitives: Primitives,
  own: PrivateKey,
  sent: SentInitiation,
  presharedKey: Uint8Array,
  bytes: Uint8Array,
): SessionKeys | undefined {
  const message = decodeResponse(bytes);
  const ephemeralSecret = primitives.x25519(sent.ephemeral, message.ephemeral);
  const staticSecret = primitives.x25519(own, message.ephemeral);
  if (ephemeralSecret === undefined || staticSecret === undefined) return undefined;
  const transcript = sent.transcript.copy();
  transcript.mixKey(message.ephemeral);
  transcript.mixHash(message.ephemeral);
  transcript.mixKey(ephemeralSecret);
  transcript.mixKey(staticSecret);
  if (transcript.open(transcript.mixPresharedKey(presharedKey), message.sealedNothing) === undefined) return undefined;
  const { initiatorKey, responderKey } = transcript.split();
  return { sendKey: initiatorKey, receiveKey: responderKey, remoteIndex: message.sender };
}
