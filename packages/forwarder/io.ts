/** What the packet path asks of the outside, as offsets into the packet memory. The host and tests each have one. */
export interface PacketIo {
  /** Writes one IP packet to the TUN. False when it was not taken. */
  writeTun(offset: number, length: number): boolean;

  /**
   * Sends a datagram from the socket of this number to the address at `sockaddrOffset`. `Sent.ok` when it was taken.
   * Bytes and address may be overwritten after the call.
   */
  sendDatagram(socket: number, offset: number, length: number, sockaddrOffset: number, sockaddrLength: number): Sent;
}

export const Sent = { ok: 0, failed: 1, noSocket: 2 } as const;
export type Sent = (typeof Sent)[keyof typeof Sent];

/** Clock and dice, from the host; tests have their own. */
export interface PacketClock {
  /** Milliseconds of CLOCK_MONOTONIC, with fractions. */
  now(): number;
  /** Milliseconds since 1970; may be wrong, and may jump. */
  wallClock(): number;
}
