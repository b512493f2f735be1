import { internetChecksum, writeIpv4HeaderChecksum } from '@patronus/net';

const IP_HEADER = 20;
const ICMP_HEADER = 8;
const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;

/** The kind of an ICMP echo message inside an IPv4 packet, and its sequence number; undefined for anything else. */
export function echoOf(packet: Uint8Array): { readonly isRequest: boolean; readonly sequence: number } | undefined {
  if (packet.length < IP_HEADER + ICMP_HEADER || packet[0] !== 0x45 || packet[9] !== 1) return undefined;
  const type = packet[IP_HEADER];
  if (type !== ECHO_REQUEST && type !== ECHO_REPLY) return undefined;
  return { isRequest: type === ECHO_REQUEST, sequence: (packet[26]! << 8) | packet[27]! };
}

/** The answer to an echo request: addresses swapped, checksums right. */
export function echoReply(request: Uint8Array): Uint8Array {
  const reply = request.slice();
  reply.set(request.subarray(16, 20), 12);
  reply.set(request.subarray(12, 16), 16);
  reply[8] = 64;
  reply[IP_HEADER] = ECHO_REPLY;
  return withChecksums(reply);
}

/** An echo request of 64 bytes between two IPv4 addresses. */
export function echoRequest(source: Uint8Array, destination: Uint8Array, sequence: number): Uint8Array {
  const packet = new Uint8Array(64);
  packet.set([0x45, 0, 0, packet.length, 0, 0, 0, 0, 64, 1]);
  packet.set(source, 12);
  packet.set(destination, 16);
  packet[IP_HEADER] = ECHO_REQUEST;
  packet.set([0x70, 0x74, sequence >> 8, sequence & 0xff], IP_HEADER + 4);
  return withChecksums(packet);
}

function withChecksums(packet: Uint8Array): Uint8Array {
  writeIpv4HeaderChecksum(packet, 0, IP_HEADER);
  packet[IP_HEADER + 2] = packet[IP_HEADER + 3] = 0;
  const checksum = internetChecksum(packet, IP_HEADER, packet.length - IP_HEADER);
  packet[IP_HEADER + 2] = checksum >> 8;
  packet[IP_HEADER + 3] = checksum & 0xff;
  return packet;
}
