/** Rewrites the code point of a packet where it lies; its ECN bits stay the sender's (RFC 2474 §3, RFC 3168 §5). */
import { type PacketView, updateChecksum } from '@patronus/net';

const ECN = 0x03;

/** `codePoint` 0…63. The IPv4 header's checksum follows (RFC 1624 §3); IPv6 has none. */
export function markPacket(packet: PacketView, codePoint: number): void {
  const trafficClass = (codePoint << 2) | (packet.trafficClass & ECN);
  if (trafficClass === packet.trafficClass) return;
  const { bytes, offset } = packet;
  packet.trafficClass = trafficClass;
  if (packet.family === 6) {
    // Version 4 bits, class 8, flow label 20 (RFC 8200 §3).
    bytes[offset] = 0x60 | (trafficClass >>> 4);
    bytes[offset + 1] = ((trafficClass & 0x0f) << 4) | (bytes[offset + 1]! & 0x0f);
    return;
  }
  const before = (bytes[offset]! << 8) | bytes[offset + 1]!;
  bytes[offset + 1] = trafficClass;
  const checksum = updateChecksum(
    (bytes[offset + 10]! << 8) | bytes[offset + 11]!,
    before,
    (bytes[offset]! << 8) | trafficClass,
  );
  bytes[offset + 10] = checksum >>> 8;
  bytes[offset + 11] = checksum & 0xff;
}
