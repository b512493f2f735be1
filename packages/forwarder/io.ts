/** What the packet path asks of the outside, as offsets into the packet memory. The host and tests each have one. */
export interface PacketIo {
  /** Writes one IP packet, complete, to the TUN. The VIRTIO_HEADER_LENGTH bytes before it are overwritten. False when it was not taken. */
  writeTun(offset: number, length: number): boolean;

  /** What `writeTunPieces` may carry. */
  readonly tunOffloads: TunOffloads;

  /**
   * Writes one large packet to the TUN, gathered from `count` pieces: `pieces` holds offset and length of each in turn.
   * The first begins with the virtio header that says how it is to be cut again. False when it was not taken.
   */
  writeTunPieces(pieces: Uint32Array, count: number): boolean;

  /**
   * Sends a datagram from the socket of this number to the address at `sockaddrOffset`. It may wait until `flush`, if it
   * lies in a TUN or UDP slot: slot and address have to stay as they are until then. `Sent.ok`: it is on its way, as far
   * as we know now.
   */
  sendDatagram(socket: number, offset: number, length: number, sockaddrOffset: number, sockaddrLength: number): Sent;

  /** Sends what waits; how many datagrams the sockets did not take, of those that had been called on their way. */
  flush(): number;

  /** The uplink of this socket is gone. */
  closeSocket(socket: number): void;
}

/** Which large packets the TUN takes. */
export interface TunOffloads {
  readonly tcp4: boolean;
  readonly tcp6: boolean;
  readonly udp4: boolean;
  readonly udp6: boolean;
}

export const NO_TUN_OFFLOADS: TunOffloads = { tcp4: false, tcp6: false, udp4: false, udp6: false };

/** `struct virtio_net_hdr` without its optional end. */
export const VIRTIO_HEADER_LENGTH = 10;

export const Sent = { ok: 0, failed: 1, noSocket: 2 } as const;
export type Sent = (typeof Sent)[keyof typeof Sent];

/** Clock and dice, from the host; tests have their own. */
export interface PacketClock {
  /** Milliseconds of CLOCK_MONOTONIC, with fractions. */
  now(): number;
  /** Milliseconds since 1970; may be wrong, and may jump. */
  wallClock(): number;
}
