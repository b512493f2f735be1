/**
 * The packet before, for those that follow it in a burst: segments of one transfer come side by side, and sources, routes and
 * policies would be asked the same of each and answer the same. It is forgotten at the end of every burst, so nothing that
 * changes between bursts (configurations, states, the flow table) is ever answered from here.
 */
import { type PacketView, Protocol } from '@patronus/net';
import type { Link } from '../links.ts';
import type { PacketMemory } from '../memory.ts';

const NOBODY = 0;

export class Precedent {
  readonly #view: DataView;
  /** Source and destination address. */
  readonly #addresses = new Int32Array(8);
  #link: Link | undefined;
  #family = NOBODY;
  #protocol = 0;
  #sourcePort = 0;
  #destinationPort = 0;

  constructor({ view }: Pick<PacketMemory, 'view'>) {
    this.#view = view;
  }

  /** Whether the packet, which came over `link`, belongs to the conversation that was remembered, and goes its direction. */
  holds(link: Link, packet: PacketView): boolean {
    if (this.#link !== link || packet.family !== this.#family || packet.isFragment) return false;
    if (packet.protocol !== this.#protocol || packet.sourcePort !== this.#sourcePort) return false;
    if (packet.destinationPort !== this.#destinationPort) return false;
    const words = packet.family === 4 ? 2 : 8;
    for (let word = 0, at = packet.sourceOffset; word < words; word++, at += 4) {
      if (this.#addresses[word] !== this.#view.getInt32(at)) return false;
    }
    return true;
  }

  /** Those that follow are as welcome as this one. Only what has ports is remembered, and no fragment. */
  remember(link: Link, packet: PacketView): void {
    const hasPorts = packet.protocol === Protocol.tcp || packet.protocol === Protocol.udp;
    if (!hasPorts || packet.isFragment) return;
    this.#link = link;
    this.#family = packet.family;
    this.#protocol = packet.protocol;
    this.#sourcePort = packet.sourcePort;
    this.#destinationPort = packet.destinationPort;
    const words = packet.family === 4 ? 2 : 8;
    for (let word = 0, at = packet.sourceOffset; word < words; word++, at += 4) {
      this.#addresses[word] = this.#view.getInt32(at);
    }
  }

  forget(): void {
    this.#link = undefined;
    this.#family = NOBODY;
  }
}
