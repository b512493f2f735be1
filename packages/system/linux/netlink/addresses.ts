/** Addresses of interfaces (RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR). */

import { type Family, formatAddress, type IpAddress } from '@patronus/net';
import { addressFamily } from '../socketAddress.ts';
import {
  attributeU32,
  decodeAttributes,
  NetlinkBody,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_REPLACE,
} from './codec.ts';
import { familyOf, readAddress } from './routes.ts';
import type { NetlinkSocket } from './socket.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 0x02;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;
const IFA_F_NOPREFIXROUTE = 0x200;
const ADDRESS_HEADER = 8;

/** By kernel number; the distance at which an address has a meaning. */
const scopes: Readonly<Record<number, InterfaceAddress['scope']>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
};

export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly scope: 'global' | 'site' | 'link' | 'host';
  /** Not to be used: still being checked for a duplicate, or past its preferred time. */
  readonly isUsable: boolean;
}

export interface NewAddress {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** Leave the route to the prefix to us. */
  readonly withoutPrefixRoute?: boolean;
}

export class LinuxAddresses {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  list(filter: { readonly family?: Family; readonly interfaceIndex?: number } = {}): InterfaceAddress[] {
    const body = addressHeader(filter.family, 0, 0).bytes();
    const messages = this.#socket.dump(RTM_GETADDR, body, 'list the addresses');
    return messages
      .map(decodeAddress)
      .filter((found) => found !== undefined)
      .filter((found) => filter.interfaceIndex === undefined || found.interfaceIndex === filter.interfaceIndex);
  }

  /** Adds an address, or changes how the same one was added. IPv6 ones are usable at once, without a duplicate check. */
  add(added: NewAddress): void {
    const about = `add the address ${formatAddress(added.address)} to the interface with index ${added.interfaceIndex}`;
    this.#socket.request({ type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_REPLACE, body: encodeAddress(added), about });
  }

  /** False when it was not there. */
  remove(removed: NewAddress): boolean {
    const about = `remove the address ${formatAddress(removed.address)}`;
    const [error] = this.#socket.requestEach([{ type: RTM_DELADDR, flags: 0, body: encodeAddress(removed), about }]);
    if (error === undefined) return true;
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENODEV') return false;
    throw error;
  }
}

/** `struct ifaddrmsg`. */
function addressHeader(family: Family | undefined, prefixLength: number, index: number): NetlinkBody {
  return new NetlinkBody()
    .u8(family === undefined ? 0 : addressFamily(family))
    .u8(prefixLength)
    .u8(0)
    .u8(0)
    .u32(index);
}

export function encodeAddress({
  interfaceIndex,
  address,
  prefixLength,
  withoutPrefixRoute,
}: NewAddress): Uint8Array<ArrayBuffer> {
  const flags = (address.family === 6 ? IFA_F_NODAD : 0) | (withoutPrefixRoute === true ? IFA_F_NOPREFIXROUTE : 0);
  return addressHeader(address.family, prefixLength, interfaceIndex)
    .attribute(IFA_LOCAL, address.bytes)
    .attribute(IFA_ADDRESS, address.bytes)
    .attributeU32(IFA_FLAGS, flags)
    .bytes();
}

/** Reads RTM_NEWADDR; undefined for another message or what cannot be read. */
export function decodeAddress({ type, body }: NetlinkMessage): InterfaceAddress | undefined {
  if ((type !== RTM_NEWADDR && type !== RTM_DELADDR) || body.length < ADDRESS_HEADER) return undefined;
  const attributes = decodeAttributes(body, ADDRESS_HEADER);
  const family = familyOf(body[0]!);
  if (attributes === undefined || family === undefined) return undefined;
  // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is ours, and IPv6 leaves it out where equal.
  const address = readAddress(family, attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS));
  if (address === undefined) return undefined;
  const flags = attributeU32(attributes, IFA_FLAGS) ?? body[2]!;
  return {
    interfaceIndex: new DataView(body.buffer, body.byteOffset, body.length).getUint32(4, true),
    address,
    prefixLength: body[1]!,
    scope: scopes[body[3]!] ?? 'global',
    isUsable: (flags & (IFA_F_TENTATIVE | IFA_F_DEPRECATED)) === 0,
  };
}
