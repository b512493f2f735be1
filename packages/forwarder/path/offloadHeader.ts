/**
 * `struct virtio_net_hdr` (virtio 1.2 §5.1.6.2), which stands before each packet of a TUN opened with IFF_VNET_HDR: how a
 * large packet is to be cut, and where a checksum is still to be filled in. Little-endian, as the machines we run on are.
 */

/** Kinds of large packets. `legacyUdp` is fragmentation offload, which nobody should send us. */
export const Gso = { none: 0, tcp4: 1, legacyUdp: 3, tcp6: 4, udp: 5 } as const;

/** The first segment of this packet says CWR (RFC 3168), the others must not. */
const GSO_ECN = 0x80;
const NEEDS_CHECKSUM = 1;

export class OffloadHeader {
  /** The checksum at `checksumStart` + `checksumOffset` holds only the pseudo-header's sum. */
  needsChecksum = false;
  gsoType: number = Gso.none;
  /** Payload bytes of each segment. */
  gsoSize = 0;
  /** From the beginning of the packet to where the sum begins, and from there to the checksum's field. */
  checksumStart = 0;
  checksumOffset = 0;

  /** `hdr_len` is not read: it is a hint that senders get wrong, and the packet itself tells. */
  read(view: DataView, offset: number): void {
    this.needsChecksum = (view.getUint8(offset) & NEEDS_CHECKSUM) !== 0;
    this.gsoType = view.getUint8(offset + 1) & ~GSO_ECN;
    this.gsoSize = view.getUint16(offset + 4, true);
    this.checksumStart = view.getUint16(offset + 6, true);
    this.checksumOffset = view.getUint16(offset + 8, true);
  }
}

/**
 * Writes the header of a large packet, whose checksum field holds the pseudo-header's sum: its kind, the bytes of all its
 * headers, the payload bytes of a segment, and where its transport header begins and has the checksum.
 */
export function writeLargeHeader(
  view: DataView,
  offset: number,
  gsoType: number,
  headerLength: number,
  gsoSize: number,
  checksumStart: number,
  checksumOffset: number,
): void {
  view.setUint8(offset, NEEDS_CHECKSUM);
  view.setUint8(offset + 1, gsoType);
  view.setUint16(offset + 2, headerLength, true);
  view.setUint16(offset + 4, gsoSize, true);
  view.setUint16(offset + 6, checksumStart, true);
  view.setUint16(offset + 8, checksumOffset, true);
}
