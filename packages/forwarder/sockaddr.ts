/**
 * Socket addresses as the kernel lays them out, inside the packet memory: `sockaddr_in` (16 bytes) and `sockaddr_in6`
 * (28 bytes). The family is in host order, little-endian on every machine that runs WebAssembly; port and address are
 * in network order.
 */
import type { Endpoint, Family } from '@patronus/net';
import type { PacketMemory } from './memory.ts';

const AF_INET = 2;
const AF_INET6 = 10;

export function sockaddrLength(family: Family): number {
  return family === 4 ? 16 : 28;
}

/** Where the address itself stands. */
export function addressOffset(family: Family, offset: number): number {
  return family === 4 ? offset + 4 : offset + 8;
}

export function writeSockaddr({ bytes, view }: PacketMemory, offset: number, { address, port }: Endpoint): void {
  bytes.fill(0, offset, offset + 28);
  view.setUint16(offset, address.family === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(offset + 2, port);
  bytes.set(address.bytes, addressOffset(address.family, offset));
}

export function sockaddrPort({ view }: PacketMemory, offset: number): number {
  return view.getUint16(offset + 2);
}

/** The endpoint written there, as a value of its own; undefined for any family but `family`. */
export function readSockaddr({ bytes, view }: PacketMemory, offset: number, family: Family): Endpoint | undefined {
  if (view.getUint16(offset, true) !== (family === 4 ? AF_INET : AF_INET6)) return undefined;
  const start = addressOffset(family, offset);
  const address = { family, bytes: bytes.slice(start, start + (family === 4 ? 4 : 16)) };
  return { address, port: view.getUint16(offset + 2) };
}
