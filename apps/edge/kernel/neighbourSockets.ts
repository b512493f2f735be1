/**
 * The sockets of BFD with routers: two ports and families that hear, as far as there is somebody to hear (RFC 5881 §4, RFC
 * 5883 §5), and one for each session, from whose port it speaks. Opened here and handed to whichever forwarder runs.
 */
import { CONTROL_PORT, HOP_LIMIT, MULTIHOP_PORT, SourcePorts } from '@patronus/bfd';
import { type Family, parseAddress } from '@patronus/net';
import type { BfdPeerConfiguration } from '@patronus/protocol';
import {
  bindToDevice,
  boundInterface,
  closeDescriptor,
  LinuxError,
  openUdpSocket,
  systemRandom,
} from '@patronus/system/linux';

/** Network control (RFC 4594 §3.1). */
const trafficClass = 48 << 2;
/** Nothing is read from a socket that speaks: what is sent to its port may be dropped. */
const leastBufferBytes = 1;

interface Speaker {
  readonly fd: number;
  readonly port: number;
  readonly wish: string;
}

/** An interface as the kernel has it now; `mark` where it is an uplink's. */
export interface NeighbourLink {
  readonly index: number;
  readonly mark: number | undefined;
}

export class NeighbourSockets {
  readonly #listeners = new Map<string, number>();
  readonly #speakers = new Map<string, Speaker>();
  readonly #ports = new SourcePorts(() => new DataView(systemRandom.bytes(4).slice().buffer).getUint32(0));
  readonly #handOver: (name: string, fd: number) => void;

  /** `handOver` gets each new socket under the name that the forwarder knows it by. */
  constructor(handOver: (name: string, fd: number) => void) {
    this.#handOver = handOver;
  }

  /** Opens what is missing, and ties anew what moved. `linkOf`: an interface by name, if there is one. The complaints. */
  follow(peers: readonly BfdPeerConfiguration[], linkOf: (name: string) => NeighbourLink | undefined): string[] {
    const complaints: string[] = [];
    for (const peer of peers) {
      try {
        this.#followOne(peer, linkOf);
      } catch (error) {
        if (!(error instanceof LinuxError)) throw error;
        complaints.push(`BFD peer ${peer.address}: ${error.message}`);
      }
    }
    return complaints;
  }

  /** Closes what these peers have no use for. Only once the forwarder was told: its successor is handed what it names. */
  keep(peers: readonly BfdPeerConfiguration[]): void {
    const ids = new Set(peers.map(({ id }) => id));
    for (const [id, speaker] of this.#speakers) if (!ids.has(id)) this.#drop(id, speaker);
    if (ids.size > 0) return;
    for (const fd of this.#listeners.values()) closeDescriptor(fd);
    this.#listeners.clear();
  }

  close(): void {
    this.keep([]);
  }

  #followOne(peer: BfdPeerConfiguration, linkOf: (name: string) => NeighbourLink | undefined): void {
    const { family } = parseAddress(peer.address)!;
    this.#listen(family, peer.multihop);
    const link = peer.interface === null ? undefined : linkOf(peer.interface);
    if (peer.interface !== null && link === undefined) return;
    const mark = link?.mark;
    const wish = JSON.stringify([family, peer.interface, mark]);
    const held = this.#speakers.get(peer.id);
    if (held?.wish === wish) {
      if (peer.interface !== null && boundInterface(held.fd) !== link?.index) bindToDevice(held.fd, peer.interface);
      return;
    }
    const { fd, port } = openUdpSocket({
      ...{ family, trafficClass, hopLimit: HOP_LIMIT, receiveBufferBytes: leastBufferBytes, port: this.#ports.take() },
      ...(peer.interface === null ? {} : { device: peer.interface }),
      ...(mark === undefined ? {} : { mark }),
    });
    this.#handOver(`neighbour:${peer.id}`, fd);
    if (held !== undefined) this.#drop(peer.id, held);
    this.#speakers.set(peer.id, { fd, port, wish });
  }

  #listen(family: Family, isMultihop: boolean): void {
    const name = `${isMultihop ? 'bfdm' : 'bfd'}:${family}`;
    if (this.#listeners.has(name)) return;
    const port = isMultihop ? MULTIHOP_PORT : CONTROL_PORT;
    const { fd } = openUdpSocket({ family, port, tellsHopLimit: true });
    this.#listeners.set(name, fd);
    this.#handOver(name, fd);
  }

  #drop(id: string, { fd, port }: Speaker): void {
    closeDescriptor(fd);
    this.#ports.release(port);
    this.#speakers.delete(id);
  }
}
