/** Interfaces (RTM_GETLINK, RTM_NEWLINK): what there is, on and off, MTU. */

import type { Link, Links } from '../../index.ts';
import { attributeText, attributeU32, decodeAttributes, NetlinkBody, type NetlinkMessage } from './codec.ts';
import type { NetlinkSocket } from './socket.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFF_UP = 1;
const IFF_LOWER_UP = 0x1_0000;
const LINK_HEADER = 16;

export class LinuxLinks implements Links {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  list(): Link[] {
    const messages = this.#socket.dump(RTM_GETLINK, linkHeader(0, 0, 0).bytes(), 'list the interfaces');
    return messages.map(decodeLink).filter((link) => link !== undefined);
  }

  find(nameOrIndex: string | number): Link | undefined {
    // A gateway has a handful of interfaces: reading them all is simpler than a query with its own error cases.
    return this.list().find((link) => link.name === nameOrIndex || link.index === nameOrIndex);
  }

  set(index: number, change: { readonly up?: boolean; readonly mtu?: number }): void {
    const body = linkHeader(index, change.up === true ? IFF_UP : 0, change.up === undefined ? 0 : IFF_UP);
    if (change.mtu !== undefined) body.attributeU32(IFLA_MTU, change.mtu);
    const about = `set the interface with index ${index} ${describe(change)}`;
    this.#socket.request({ type: RTM_NEWLINK, flags: 0, body: body.bytes(), about });
  }
}

function describe({ up, mtu }: { readonly up?: boolean; readonly mtu?: number }): string {
  return [up === undefined ? '' : up ? 'up' : 'down', mtu === undefined ? '' : `to MTU ${mtu}`].join(' ').trim();
}

/** `struct ifinfomsg`; only flags within `change` are touched. */
function linkHeader(index: number, flags: number, change: number): NetlinkBody {
  return new NetlinkBody().u8(0).u8(0).u16(0).u32(index).u32(flags).u32(change);
}

/** Reads RTM_NEWLINK; undefined for another message or what cannot be read. */
export function decodeLink({ type, body }: NetlinkMessage): Link | undefined {
  if ((type !== RTM_NEWLINK && type !== RTM_DELLINK) || body.length < LINK_HEADER) return undefined;
  const attributes = decodeAttributes(body, LINK_HEADER);
  const name = attributes && attributeText(attributes, IFLA_IFNAME);
  if (attributes === undefined || name === undefined) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const flags = view.getUint32(8, true);
  const information = attributes.get(IFLA_LINKINFO);
  const details = information && decodeAttributes(information);
  return {
    index: view.getInt32(4, true),
    name,
    kind: (details && attributeText(details, IFLA_INFO_KIND)) ?? '',
    mtu: attributeU32(attributes, IFLA_MTU) ?? 0,
    isUp: (flags & IFF_UP) !== 0,
    hasCarrier: (flags & IFF_LOWER_UP) !== 0,
  };
}
