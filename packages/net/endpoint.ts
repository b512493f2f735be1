/** A UDP or TCP endpoint: where a tunnel's packets go. */

import { addressesEqual, formatAddress, type IpAddress, parseAddress } from './address.ts';

export interface Endpoint {
  readonly address: IpAddress;
  /** 1 to 65535. */
  readonly port: number;
}

/** Reads `192.0.2.1:51820` or `[2001:db8::1]:51820`; undefined for anything else (no names, no zone, no port 0). */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([1-9][0-9]{0,4})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 0xffff) return undefined;
  const address = parseAddress(match[1] ?? match[2] ?? '');
  // Brackets belong to IPv6 and to nothing else (RFC 3986 §3.2.2).
  if (address === undefined || (address.family === 6) !== (match[1] !== undefined)) return undefined;
  return { address, port };
}

export function formatEndpoint({ address, port }: Endpoint): string {
  return address.family === 6 ? `[${formatAddress(address)}]:${port}` : `${formatAddress(address)}:${port}`;
}

export function endpointsEqual(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && addressesEqual(a.address, b.address);
}
