/** What a packet takes on the wire, which is what an uplink's rate counts. */
import { paddedLength, TRANSPORT_OVERHEAD } from '@patronus/wireguard';
import type { Link } from '../links.ts';

const UDP_HEADER = 8;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
/** Header and frame check sequence (IEEE 802.3 §3.1.1); what a provider adds beyond is in the 2 % that are left free. */
const ETHERNET = 18;

/** Bytes of a datagram of `length` bytes to a socket address of `sockaddrLength`. */
export function wireLengthOfDatagram(length: number, sockaddrLength: number): number {
  return length + UDP_HEADER + (sockaddrLength === 16 ? IPV4_HEADER : IPV6_HEADER) + ETHERNET;
}

/** Bytes of an inner packet of `length` bytes that travels over this link as it is. */
export function wireLength(length: number, link: Link): number {
  return wireLengthOfDatagram(paddedLength(length, link.mtu) + TRANSPORT_OVERHEAD, link.sockaddrLength);
}
