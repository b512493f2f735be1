/**
 * Proxy neighbours (RTM_NEWNEIGH with NTF_PROXY): addresses that this machine answers for on a LAN although they are
 * somewhere behind it, by ARP (RFC 1027) or neighbour discovery (RFC 4389; IPv6 needs `proxy_ndp` on the interface).
 */

import { formatAddress, type IpAddress } from '@patronus/net';
import { addressFamily } from '../socketAddress.ts';
import { decodeAttributes, NetlinkBody, type NetlinkMessage, NLM_F_CREATE, NLM_F_REPLACE } from './codec.ts';
import { familyOf, readAddress } from './routes.ts';
import type { NetlinkSocket } from './socket.ts';

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;

const NDA_DST = 1;
const NDA_PROTOCOL = 12;
const NTF_PROXY = 0x08;
const NUD_PERMANENT = 0x80;
const NEIGHBOUR_HEADER = 12;
const FLAGS_OFFSET = 10;

export interface ProxyNeighbour {
  /** Where it is answered for. */
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  /** Who made it, as for routes; 0 or absent: nobody says. */
  readonly protocol?: number;
}

export class LinuxProxyNeighbours {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  list(): ProxyNeighbour[] {
    return ([4, 6] as const).flatMap((family) =>
      this.#socket
        .dump(RTM_GETNEIGH, header(addressFamily(family), 0, 0).bytes(), `list the IPv${family} proxy neighbours`)
        .map(decodeProxyNeighbour)
        .filter((found) => found !== undefined),
    );
  }

  /** Adds it, or says anew who made it. */
  add(proxy: ProxyNeighbour): void {
    const about = `answer for ${formatAddress(proxy.address)} on the interface with index ${proxy.interfaceIndex}`;
    const flags = NLM_F_CREATE | NLM_F_REPLACE;
    this.#socket.request({ type: RTM_NEWNEIGH, flags, body: encodeProxyNeighbour(proxy), about });
  }

  /** False when it was not there. */
  remove(proxy: ProxyNeighbour): boolean {
    const about = `stop answering for ${formatAddress(proxy.address)}`;
    const body = encodeProxyNeighbour(proxy);
    const [error] = this.#socket.requestEach([{ type: RTM_DELNEIGH, flags: 0, body, about }]);
    if (error === undefined) return true;
    if (error.code === 'ENOENT' || error.code === 'ENODEV') return false;
    throw error;
  }
}

/** `struct ndmsg`. */
function header(family: number, interfaceIndex: number, state: number): NetlinkBody {
  return new NetlinkBody().u8(family).u8(0).u16(0).u32(interfaceIndex).u16(state).u8(NTF_PROXY).u8(0);
}

export function encodeProxyNeighbour({ interfaceIndex, address, protocol }: ProxyNeighbour): Uint8Array<ArrayBuffer> {
  const body = header(addressFamily(address.family), interfaceIndex, NUD_PERMANENT).attribute(NDA_DST, address.bytes);
  if (protocol !== undefined) body.attributeU8(NDA_PROTOCOL, protocol);
  return body.bytes();
}

/** Reads RTM_NEWNEIGH of a proxy entry; undefined for another message or what cannot be read. */
export function decodeProxyNeighbour({ type, body }: NetlinkMessage): ProxyNeighbour | undefined {
  if ((type !== RTM_NEWNEIGH && type !== RTM_DELNEIGH) || body.length < NEIGHBOUR_HEADER) return undefined;
  if ((body[FLAGS_OFFSET]! & NTF_PROXY) === 0) return undefined;
  const attributes = decodeAttributes(body, NEIGHBOUR_HEADER);
  const family = familyOf(body[0]!);
  if (attributes === undefined || family === undefined) return undefined;
  const address = readAddress(family, attributes.get(NDA_DST));
  if (address === undefined) return undefined;
  const protocol = attributes.get(NDA_PROTOCOL)?.[0] || undefined;
  const interfaceIndex = new DataView(body.buffer, body.byteOffset, body.length).getUint32(4, true);
  return { interfaceIndex, address, ...(protocol === undefined ? {} : { protocol }) };
}
