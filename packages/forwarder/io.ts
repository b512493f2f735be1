/** What the packet path asks of the outside, as offsets into the packet memory. The host and tests each have one. */
export interface PacketIo {
  /** Writes one IP packet, complete, to the TUN. The VIRTIO_HEADER_LENGTH bytes before it are overwritten. False when it was not taken. */
  writeTun(offset: number, length: number): boolean;

  /** What `writeTunPieces` may carry. */
  readonly tunOffloads: TunOffloads;

  /**
   * Writes one large packet to the TUN, gathered from `count` pieces (at most MOST_PIECES): `pieces` holds offset and
   * length of each in turn. The first begins with the virtio header that says how it is to be cut again. False when it
   * was not taken.
   */
  writeTunPieces(pieces: Uint32Array, count: number): boolean;

  /**
   * Queues a datagram from the socket of this number to the address at `sockaddrOffset`, which is a link's or the scratch
   * address. It waits until `flush`: what lies at `offset` has to stay as it is until then, unless it is in the scratch
   * slot. `Sent.ok`: it is on its way, as far as we know now.
   */
  sendDatagram(socket: number, offset: number, length: number, sockaddrOffset: number, sockaddrLength: number): Sent;

  /** Sends a datagram now, one that no router may cut up. */
  sendUnfragmented(
    socket: number,
    offset: number,
    length: number,
    sockaddrOffset: number,
    sockaddrLength: number,
  ): Sent;

  /** From now on at most `bytes` (Infinity: no limit) of this socket's datagrams leave in one burst. */
  limitBursts(socket: number, bytes: number): void;

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
