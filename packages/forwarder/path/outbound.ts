/** From the TUN: what this site sends into the fabric. */
import { type Family, PacketVerdict, PacketView, Protocol } from '@patronus/net';
import { Drop, PASSED } from '../drops.ts';
import { NO_GROUP } from '../tables/flows.ts';
import type { PathContext } from './context.ts';
import { forward } from './forward.ts';
import type { IcmpErrors } from './icmp.ts';

/** Of the TUN there is one, and it is segment 0's. */
const SEGMENT = 0;
/** Liveness of the tunnels themselves (RFC 5881 §4): never to be forged from a LAN. */
const BFD_PORT = 3784;

export class Outbound {
  readonly #context: PathContext;
  readonly #errors: IcmpErrors;
  readonly #packet = new PacketView();

  constructor(context: PathContext, errors: IcmpErrors) {
    this.#context = context;
    this.#errors = errors;
  }

  /** Takes the packet of `length` bytes at `offset`, with HEADROOM before it. Answers what became of it. */
  handle(offset: number, length: number, now: number): number {
    const verdict = this.#pass(offset, length, now);
    if (verdict === PASSED) return PASSED;
    this.#errors.answer(verdict, this.#packet, now);
    return this.#context.drops.count(verdict);
  }

  #pass(offset: number, length: number, now: number): number {
    const { memory, routing } = this.#context;
    const packet = this.#packet;
    if (packet.read(memory.bytes, offset, length) !== PacketVerdict.ok) return Drop.malformed;
    if (isMulticast(memory.bytes, packet.family, packet.destinationOffset)) return Drop.multicast;
    const isOurs = routing.ownSources.lookup(SEGMENT, packet.family, memory.bytes, packet.sourceOffset);
    if (isOurs === undefined) return Drop.notOurs;
    if (isBfd(packet)) return Drop.bfdFromLan;
    const target = routing.routes.lookup(SEGMENT, packet.family, memory.bytes, packet.destinationOffset);
    if (target === undefined) return Drop.noRoute;
    return forward(this.#context, SEGMENT, packet, target, NO_GROUP, now);
  }
}

/** RFC 5771 §3, RFC 919, RFC 4291 §2.7. */
export function isMulticast(bytes: Uint8Array, family: Family, offset: number): boolean {
  return family === 4 ? bytes[offset]! >= 224 : bytes[offset] === 0xff;
}

export function isBfd(packet: PacketView): boolean {
  return packet.protocol === Protocol.udp && packet.destinationPort === BFD_PORT;
}
