/** Why a received packet was discarded; each reason is counted by its name. */
export const discardReasons = [
  /** The version is not 1 (RFC 5880 §6.8.6). */
  'badVersion',
  /** Shorter than its mandatory section, or than what the A bit promises (§6.8.6). */
  'badLength',
  /** Claims more bytes than the datagram has (§6.8.6). */
  'lengthBeyondPayload',
  /** Detect Mult is zero (§6.8.6). */
  'zeroDetectMultiplier',
  /** The M bit is set: reserved for point-to-multipoint (§6.8.6). */
  'multipoint',
  /** My Discriminator is zero (§6.8.6). */
  'zeroMyDiscriminator',
  /** Your Discriminator is none of ours (§6.8.6). */
  'unknownDiscriminator',
  /** Your Discriminator is zero although the sender says that it has heard of us (§6.8.6). */
  'zeroYourDiscriminator',
  /** Your Discriminator is zero, and no session is configured for where it came from (§6.8.6). */
  'noSession',
  /** Authenticated, and this session has no authentication (§6.8.6). */
  'unexpectedAuthentication',
  /** Not authenticated, and this session has authentication (§6.8.6). */
  'missingAuthentication',
  /** Another type of authentication than the session's, or a section of the wrong length (§6.7.2–6.7.4). */
  'badAuthenticationSection',
  /** A key ID that is not configured (§6.7.2–6.7.4). */
  'unknownKey',
  /** Wrong password or digest (§6.7.2–6.7.4). */
  'badDigest',
  /** A sequence number outside of the window: replayed, or lost for too long (§6.7.3, §6.7.4). */
  'badSequence',
  /** The session is administratively down (§6.8.6). */
  'sessionDisabled',
  /** TTL or hop limit is not 255 on a single hop (RFC 5881 §5). */
  'badHopLimit',
  /** An echo packet that we did not send, or not lately (§6.8.8, §9). */
  'strayEcho',
] as const;

export type DiscardReason = (typeof discardReasons)[number];
export type DiscardCounters = Record<DiscardReason, number>;

export function zeroDiscards(): DiscardCounters {
  return Object.fromEntries(discardReasons.map((reason) => [reason, 0])) as DiscardCounters;
}
