/**
 * The UDP sockets of the uplinks, one a family: opened here, kept open, and handed to whichever forwarder runs. An
 * interface that comes back with another index gets its socket tied anew; the descriptor stays.
 */
import type { Family } from '@patronus/net';
import { bindToDevice, closeDescriptor, LinuxError, openUdpSocket } from '@patronus/system/linux';
import { uplinkMark } from './plan.ts';
import type { UplinkView } from './uplinks.ts';

const bufferBytes = 4 * 1024 * 1024;

interface Held {
  readonly fd: number;
  readonly interface: string;
  readonly port: number;
  readonly mark: number;
  boundIndex: number;
}

export class UplinkSockets {
  readonly #held = new Map<string, Held>();
  readonly #parked = new Map<Family, number>();
  readonly #handOver: (name: string, fd: number) => void;

  /** `handOver` gets each new socket under its name, `uplink:ID:4` or `uplink:ID:6`. */
  constructor(handOver: (name: string, fd: number) => void) {
    this.#handOver = handOver;
  }

  /** Opens what is missing, ties anew what moved, closes what is gone. The complaints, in words. */
  follow(uplinks: readonly UplinkView[]): string[] {
    const complaints: string[] = [];
    const names = new Set<string>();
    for (const uplink of uplinks) {
      for (const family of [4, 6] as const) {
        const name = `uplink:${uplink.id}:${family}`;
        names.add(name);
        try {
          this.#followOne(name, uplink, family);
        } catch (error) {
          if (!(error instanceof LinuxError)) throw error;
          // A machine without IPv6 has tunnels over IPv4 only.
          if (error.code !== 'EAFNOSUPPORT') complaints.push(`uplink ${uplink.label}: ${error.message}`);
        }
      }
    }
    for (const [name, { fd }] of this.#held) {
      if (names.has(name)) continue;
      // Whatever was handed over is handed over again to each successor, so its descriptor number has to stay ours:
      // a socket that hears nothing takes the place of the one that is closed.
      this.#handOver(name, this.#park(name.endsWith(':6') ? 6 : 4));
      closeDescriptor(fd);
      this.#held.delete(name);
    }
    return complaints;
  }

  #followOne(name: string, uplink: UplinkView, family: Family): void {
    const { interfaceIndex } = uplink;
    if (interfaceIndex === undefined) return;
    const held = this.#held.get(name);
    const mark = uplinkMark(uplink.number);
    if (held?.interface === uplink.interface && held.port === uplink.port && held.mark === mark) {
      if (held.boundIndex !== interfaceIndex) bindToDevice(held.fd, uplink.interface);
      held.boundIndex = interfaceIndex;
      return;
    }
    const { fd } = openUdpSocket({
      ...{ family, mark, device: uplink.interface, port: uplink.port },
      ...{ receiveBufferBytes: bufferBytes, sendBufferBytes: bufferBytes },
    });
    this.#handOver(name, fd);
    if (held !== undefined) closeDescriptor(held.fd);
    this.#held.set(name, { fd, mark, interface: uplink.interface, port: uplink.port, boundIndex: interfaceIndex });
  }

  #park(family: Family): number {
    const fd = this.#parked.get(family) ?? openUdpSocket({ family, device: 'lo', port: 0 }).fd;
    this.#parked.set(family, fd);
    return fd;
  }

  close(): void {
    for (const { fd } of this.#held.values()) closeDescriptor(fd);
    for (const fd of this.#parked.values()) closeDescriptor(fd);
    this.#held.clear();
    this.#parked.clear();
  }
}
