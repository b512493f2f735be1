/** `struct sockaddr_in` and `sockaddr_in6`: the family in the machine's order, the port in network order. */

import type { Endpoint, Family, IpAddress } from '@patronus/net';

export const AF_INET = 2;
export const AF_INET6 = 10;
/** Room for either. */
export const SOCKET_ADDRESS_SIZE = 28;

export function addressFamily(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** Writes an address and port (0 allowed) at `offset`; the length to hand to the system call, 16 or 28. */
export function writeSocketAddress(view: DataView, offset: number, address: IpAddress, port: number): 16 | 28 {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, SOCKET_ADDRESS_SIZE);
  bytes.fill(0);
  view.setUint16(offset, addressFamily(address.family), true);
  view.setUint16(offset + 2, port, false);
  bytes.set(address.bytes, address.family === 4 ? 4 : 8);
  return address.family === 4 ? 16 : 28;
}

/** Reads what the kernel wrote; undefined for another family. The address bytes are copied. */
export function readSocketAddress(view: DataView, offset: number): Endpoint | undefined {
  const number = view.getUint16(offset, true);
  if (number !== AF_INET && number !== AF_INET6) return undefined;
  const [family, at, length] = number === AF_INET ? ([4, 4, 4] as const) : ([6, 8, 16] as const);
  const start = view.byteOffset + offset + at;
  const bytes = new Uint8Array(view.buffer.slice(start, start + length) as ArrayBuffer);
  return { address: { family, bytes }, port: view.getUint16(offset + 2, false) };
}

export function unspecifiedAddress(family: Family): IpAddress {
  return { family, bytes: new Uint8Array(family === 4 ? 4 : 16) };
}
