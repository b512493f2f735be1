/** The last part of the way out: seals what lies in memory and queues it for one link. */
import { paddedLength, TRANSPORT_HEADER_LENGTH, TRANSPORT_OVERHEAD } from '@patronus/wireguard';
import { Drop, type DropReason, PASSED } from '../drops.ts';
import { Sent } from '../io.ts';
import type { Link } from '../links.ts';
import type { Session } from '../tables/sessions.ts';
import type { PathContext } from './context.ts';

const TYPE_TRANSPORT = 4;
const TWO_32 = 2 ** 32;

const verdictOf: Readonly<Record<Sent, DropReason | undefined>> = {
  [Sent.ok]: undefined,
  [Sent.failed]: 'sendFailed',
  [Sent.noSocket]: 'noSocket',
};

/**
 * Seals `length` bytes at `offset` in place and sends them; the 16 bytes before them and 31 behind are overwritten.
 * Length 0 is a keepalive. Answers a verdict, not yet counted.
 */
export function transmit(context: PathContext, link: Link, offset: number, length: number, now: number): number {
  const session = sendingSession(context, link, now);
  if (session === undefined) return Drop.noSession;
  const verdict = sealAndQueue(context, link, session, offset, length);
  if (length > 0) link.peer.onDataSent(now);
  return verdict;
}

/**
 * Seals `length` bytes at `offset` without padding and sends them at once, in a datagram that no router may cut up: a
 * probe for what fits through. Answers a verdict, not yet counted.
 */
export function transmitUnfragmented(context: PathContext, link: Link, offset: number, length: number, now: number) {
  const session = sendingSession(context, link, now);
  if (session === undefined) return Drop.noSession;
  sealMessage(context, session, offset, length);
  link.mtuProbesSent += 1;
  const start = offset - TRANSPORT_HEADER_LENGTH;
  const total = length + TRANSPORT_OVERHEAD;
  const { socket, sockaddrOffset, sockaddrLength } = link;
  context.shapers.charge(socket, total, sockaddrLength);
  const failure = verdictOf[context.io.sendUnfragmented(socket, start, total, sockaddrOffset, sockaddrLength)];
  link.peer.onDataSent(now);
  return failure === undefined ? PASSED : Drop[failure];
}

/** The session to send with; asks WireGuard for one where there is none, or for the next where it is due. */
export function sendingSession(context: PathContext, link: Link, now: number): Session | undefined {
  const keypair = link.peer.sendKeypair(now);
  if (keypair === undefined || !link.hasAddress) return undefined;
  if (link.sending?.keypair !== keypair) link.sending = context.sessions.of(keypair);
  return link.sending;
}

/** Bytes of the datagram that `length` bytes become on this link. */
export function datagramLength(link: Link, length: number): number {
  return paddedLength(length, link.mtu) + TRANSPORT_OVERHEAD;
}

/** As `transmit`, of which it is the part for each packet: the caller has the session and calls `onDataSent`. */
export function sealAndQueue(
  context: PathContext,
  link: Link,
  session: Session,
  offset: number,
  length: number,
): number {
  const padded = paddedLength(length, link.mtu);
  const { bytes } = context.memory;
  // Fifteen at most: `fill` would leave compiled code for them.
  for (let at = offset + length; at < offset + padded; at++) bytes[at] = 0;
  sealMessage(context, session, offset, padded);
  const start = offset - TRANSPORT_HEADER_LENGTH;
  const total = padded + TRANSPORT_OVERHEAD;
  context.shapers.charge(link.socket, total, link.sockaddrLength);
  const failure =
    verdictOf[context.io.sendDatagram(link.socket, start, total, link.sockaddrOffset, link.sockaddrLength)];
  return failure === undefined ? PASSED : Drop[failure];
}

/** Writes the transport header (paper §5.4.6) before the message, and seals it under the next counter. */
function sealMessage({ memory, cipher }: PathContext, session: Session, offset: number, length: number): void {
  const { keypair } = session;
  const counter = keypair.nextCounter();
  const counterHigh = Math.floor(counter / TWO_32);
  const counterLow = counter - counterHigh * TWO_32;
  const { view } = memory;
  const start = offset - TRANSPORT_HEADER_LENGTH;
  view.setUint32(start, TYPE_TRANSPORT, true);
  view.setUint32(start + 4, keypair.remoteIndex, true);
  view.setUint32(start + 8, counterLow, true);
  view.setUint32(start + 12, counterHigh, true);
  cipher.seal(session.sendKeyOffset, counterLow, counterHigh, offset, length);
}
