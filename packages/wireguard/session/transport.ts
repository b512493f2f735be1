import { PacketVerdict, PacketView } from '@patronus/net';
import { err, ok, type Result } from '@patronus/wire';
import { TAG_LENGTH, TRANSPORT_HEADER_LENGTH, transportCounter, writeTransportHeader } from '../messages.ts';
import type { Primitives } from '../primitives.ts';
import type { DropReason } from './counters.ts';
import type { Keypair } from './keypair.ts';

/** What a transport message adds to the packet in it, padding aside. */
export const TRANSPORT_OVERHEAD = TRANSPORT_HEADER_LENGTH + TAG_LENGTH;

const PADDING_UNIT = 16;
const NOTHING = new Uint8Array(0);

/** Length a packet is padded to (paper §5.4.6): a multiple of 16, but never above the MTU, which it must still fit. */
export function paddedLength(length: number, mtu: number): number {
  const padded = Math.ceil(length / PADDING_UNIT) * PADDING_UNIT;
  return padded > mtu ? Math.max(length, mtu) : padded;
}

/** The nonce of a transport message: four zero bytes, then the counter, little-endian. */
export function transportNonce(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, counter % 2 ** 32, true);
  view.setUint32(8, Math.floor(counter / 2 ** 32), true);
  return nonce;
}

/** Seals one packet (empty: a keepalive) into a datagram of its own. */
export function seal(primitives: Primitives, keypair: Keypair, packet: Uint8Array, mtu: number): Uint8Array {
  const counter = keypair.nextCounter();
  const padded = new Uint8Array(paddedLength(packet.length, mtu));
  padded.set(packet);
  const sealed = primitives.aeadSeal(keypair.sendKey, transportNonce(counter), padded, NOTHING);
  const bytes = new Uint8Array(TRANSPORT_HEADER_LENGTH + sealed.length);
  writeTransportHeader(bytes, keypair.remoteIndex, counter);
  bytes.set(sealed, TRANSPORT_HEADER_LENGTH);
  return bytes;
}

/** Opens a transport message of this keypair, padding still on; a counter is taken only if the tag was good. */
export function open(primitives: Primitives, keypair: Keypair, bytes: Uint8Array): Result<Uint8Array, DropReason> {
  const counter = transportCounter(bytes);
  if (!keypair.replay.check(counter)) return err('replayedCounter');
  const sealed = bytes.subarray(TRANSPORT_HEADER_LENGTH);
  const padded = primitives.aeadOpen(keypair.receiveKey, transportNonce(counter), sealed, NOTHING);
  if (padded === undefined) return err('badTransport');
  keypair.replay.accept(counter);
  return ok(padded);
}

const view = new PacketView();

/** The packet in what was opened, without padding, if its source is one the peer may use (cryptokey routing, §2). */
export function innerPacket(
  padded: Uint8Array,
  isAllowedSource: (address: Uint8Array) => boolean,
): Result<Uint8Array, DropReason> {
  if (view.read(padded, 0, padded.length) !== PacketVerdict.ok) return err('badInnerPacket');
  const length = view.family === 4 ? 4 : 16;
  const source = padded.subarray(view.sourceOffset, view.sourceOffset + length);
  return isAllowedSource(source) ? ok(padded.subarray(0, view.totalLength)) : err('disallowedSource');
}
