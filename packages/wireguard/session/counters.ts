/** Why something that arrived was dropped. A drop is silent on the wire; here it is counted. */
export const dropReasons = [
  /** Not a WireGuard message: type, reserved bytes or length. */
  'badMessage',
  /** A handshake message whose sender does not know our public key. */
  'badMac1',
  /** Under load, and no cookie was shown: answered with a cookie reply. */
  'cookieRequired',
  /** Under load, the cookie was good, but its address asks too often. */
  'rateLimited',
  /** An initiation that was not made for our key, or whose sender does not hold the key it claims. */
  'badInitiation',
  /** An initiation by a public key that is not among the peers. */
  'unknownPeer',
  /** An initiation that is not newer than the newest one of its peer. */
  'replayedInitiation',
  /** Initiations of one peer too close together. */
  'initiationFlood',
  /** A response that does not answer our initiation (wrong key, wrong preshared key, forged). */
  'badResponse',
  /** A cookie reply that does not answer our last message. */
  'badCookieReply',
  /** A receiver index that no handshake or session of ours has. */
  'unknownIndex',
  /** A transport message of a session older than REJECT_AFTER_TIME. */
  'expiredKeypair',
  /** A transport message whose tag is wrong. */
  'badTransport',
  /** A transport message whose counter was seen before or is too old. */
  'replayedCounter',
  /** An inner packet that is not IP, or claims to be longer than it is. */
  'badInnerPacket',
  /** An inner packet with a source address its peer may not use. */
  'disallowedSource',
] as const;

export type DropReason = (typeof dropReasons)[number];
type Tally = DropReason | 'initiationsSent' | 'responsesSent' | 'cookieRepliesSent' | 'keepalivesSent' | 'sessions';

/** Totals since the device was made. The packet path, which drops transport messages itself, adds to the same ones. */
export type Counters = Record<Tally, number>;

export function zeroCounters(): Counters {
  const sums = { initiationsSent: 0, responsesSent: 0, cookieRepliesSent: 0, keepalivesSent: 0, sessions: 0 };
  return { ...sums, ...(Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>) };
}
