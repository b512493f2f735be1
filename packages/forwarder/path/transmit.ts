/** The last part of the way out: seals what lies in memory and sends it over one link. */
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
  if (session === undefined || !link.hasAddress) return Drop.noSession;
  const { bytes, view } = context.memory;
  const padded = paddedLength(length, context.routing.mtu);
  bytes.fill(0, offset + length, offset + padded);

  const counter = session.keypair.nextCounter();
  const counterHigh = Math.floor(counter / TWO_32);
  const counterLow = counter - counterHigh * TWO_32;
  const start = offset - TRANSPORT_HEADER_LENGTH;
  view.setUint32(start, TYPE_TRANSPORT, true);
  view.setUint32(start + 4, session.keypair.remoteIndex, true);
  view.setUint32(start + 8, counterLow, true);
  view.setUint32(start + 12, counterHigh, true);
  context.kernels.unchecked.seal(session.sendKeyOffset, counterLow, counterHigh, offset, padded);

  const total = padded + TRANSPORT_OVERHEAD;
  const sent = context.io.sendDatagram(link.socket, start, total, link.sockaddrOffset, link.sockaddrLength);
  if (length > 0) link.peer.onDataSent(now);
  const failure = verdictOf[sent];
  return failure === undefined ? PASSED : Drop[failure];
}

/**
 * Seals `length` bytes at `offset` without padding and sends them at once, in a datagram that no router may cut up: a
 * probe for what fits through. Answers a verdict, not yet counted.
 */
export function transmitUnfragmented(context: PathContext, link: Link, offset: number, length: number, now: number) {
  return transmit(context, link, offset, length, now);
}

/** The session to send with; asks WireGuard for one where there is none, or for the next where it is due. */
function sendingSession(context: PathContext, link: Link, now: number): Session | undefined {
  const keypair = link.peer.sendKeypair(now);
  if (keypair === undefined) return undefined;
  if (link.sending?.keypair !== keypair) link.sending = context.sessions.of(keypair);
  return link.sending;
}
