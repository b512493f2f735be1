/** Routes (RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE) of any table, both families. */

import { type Family, formatPrefix, hostPrefix, type IpAddress, type Prefix, prefixOf } from '@patronus/net';
import type { Route, RouteFilter, RouteHop, Routes, RouteType } from '../../index.ts';
import type { LinuxError } from '../linuxError.ts';
import { AF_INET, AF_INET6, addressFamily, unspecifiedAddress } from '../socketAddress.ts';
import {
  type Attributes,
  attributeU32,
  decodeAttributes,
  NetlinkBody,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_REPLACE,
} from './codec.ts';
import type { NetlinkRequest, NetlinkSocket } from './socket.ts';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;

const RTM_F_CLONED = 0x200;
const RTNH_F_ONLINK = 4;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
/** In a removal: of any scope. */
const RT_SCOPE_NOWHERE = 255;
const ROUTE_HEADER = 12;
const NEXT_HOP_HEADER = 8;

/** By kernel number (rtnetlink(7), rtm_type); 0 is unspecified. */
const types: readonly (RouteType | undefined)[] = [
  undefined,
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
];

const leadsNowhere: ReadonlySet<RouteType> = new Set(['blackhole', 'unreachable', 'prohibit', 'throw']);

export class LinuxRoutes implements Routes {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  list(filter: RouteFilter = {}): Route[] {
    const families: readonly Family[] = filter.family === undefined ? [4, 6] : [filter.family];
    return families
      .flatMap((family) => this.#dump(family, filter))
      .filter((route) => filter.table === undefined || route.table === filter.table)
      .filter((route) => filter.protocol === undefined || route.protocol === filter.protocol);
  }

  replace(route: Route): void {
    this.#socket.request(replaceRequest(route));
  }

  /** Replaces many, some 100,000 a second; the error of each, or undefined, in the same order. */
  replaceEach(routes: readonly Route[]): (LinuxError | undefined)[] {
    return this.#socket.requestEach(routes.map(replaceRequest));
  }

  remove(route: Route): boolean {
    const [error] = this.#socket.requestEach([removeRequest(route)]);
    if (error === undefined) return true;
    if (isMissing(error)) return false;
    throw error;
  }

  /**
   * Removes many, whatever gateway they have unless one is given; the error of each, or undefined, also where a route was
   * not there, in the same order.
   */
  removeEach(routes: readonly Route[]): (LinuxError | undefined)[] {
    return this.#socket
      .requestEach(routes.map((route) => removeRequest(route, RT_SCOPE_NOWHERE)))
      .map((error) => (error !== undefined && isMissing(error) ? undefined : error));
  }

  #dump(family: Family, filter: RouteFilter): Route[] {
    const body = routeHeader(family, 0, filter.protocol ?? 0, 0, 0, 0);
    // The kernel filters by table where it checks strictly, and answers ENOENT for a table that does not exist yet.
    if (filter.table !== undefined) body.attributeU32(RTA_TABLE, filter.table);
    try {
      const messages = this.#socket.dump(RTM_GETROUTE, body.bytes(), `list the IPv${family} routes`);
      return messages.flatMap(decodeRoutes);
    } catch (error) {
      if ((error as LinuxError).code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** IPv4 says ESRCH for a missing route; a missing table or interface means that it is gone as well. */
function isMissing({ code }: LinuxError): boolean {
  return code === 'ESRCH' || code === 'ENOENT' || code === 'ENODEV';
}

function replaceRequest(route: Route): NetlinkRequest {
  const about = `set the ${route.type} route ${formatPrefix(route.prefix)} in table ${route.table}`;
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, body: encodeRoute(route), about };
}

function removeRequest(route: Route, scope?: number): NetlinkRequest {
  const about = `remove the ${route.type} route ${formatPrefix(route.prefix)} from table ${route.table}`;
  return { type: RTM_DELROUTE, flags: 0, body: encodeRoute(route, scope), about };
}

/** `struct rtmsg`. Tables above 255 go in an attribute, for which the header says unspecified. */
function routeHeader(
  family: Family,
  prefixLength: number,
  protocol: number,
  scope: number,
  type: number,
  flags: number,
): NetlinkBody {
  return new NetlinkBody()
    .u8(addressFamily(family))
    .u8(prefixLength)
    .u8(0)
    .u8(0)
    .u8(0)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .u32(flags);
}

/** The body of RTM_NEWROUTE and RTM_DELROUTE. */
export function encodeRoute(route: Route, scope = scopeOf(route)): Uint8Array<ArrayBuffer> {
  const { prefix, gateway } = route;
  const flags = route.onLink === true ? RTNH_F_ONLINK : 0;
  const body = routeHeader(prefix.family, prefix.length, route.protocol, scope, types.indexOf(route.type), flags);
  if (prefix.length > 0) body.attribute(RTA_DST, prefix.bytes);
  body.attributeU32(RTA_TABLE, route.table);
  if (route.metric !== 0) body.attributeU32(RTA_PRIORITY, route.metric);
  if (route.source !== undefined) body.attribute(RTA_PREFSRC, route.source.bytes);
  // A route that leads nowhere takes no next hop, though IPv6 shows the loopback interface with it.
  if (leadsNowhere.has(route.type)) return body.bytes();
  if (route.nextHops !== undefined)
    return body.attribute(RTA_MULTIPATH, encodeNextHops(route.nextHops, prefix.family)).bytes();
  if (gateway !== undefined) encodeGateway(body, prefix.family, gateway);
  if (route.interfaceIndex !== undefined) body.attributeU32(RTA_OIF, route.interfaceIndex);
  return body.bytes();
}

/** IPv4 wants to know how far a route reaches: nowhere, this link, or beyond a gateway. IPv6 ignores it. */
function scopeOf(route: Route): number {
  if (route.prefix.family === 6 || route.type !== 'unicast') return RT_SCOPE_UNIVERSE;
  return route.gateway === undefined && route.nextHops === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** `struct rtnexthop`: length u16, flags u8, weight − 1 u8, interface i32, attributes. */
function encodeNextHops(hops: readonly RouteHop[], family: Family): Uint8Array {
  const body = new NetlinkBody();
  for (const { gateway, interfaceIndex, onLink } of hops) {
    const attributes = new NetlinkBody();
    encodeGateway(attributes, family, gateway);
    const bytes = attributes.bytes();
    body
      .u16(NEXT_HOP_HEADER + bytes.length)
      .u8(onLink === true ? RTNH_F_ONLINK : 0)
      .u8(0)
      .u32(interfaceIndex);
    for (const byte of bytes) body.u8(byte);
  }
  return body.bytes();
}

function encodeGateway(body: NetlinkBody, family: Family, gateway: IpAddress): void {
  if (gateway.family === family) body.attribute(RTA_GATEWAY, gateway.bytes);
  // An IPv4 route by an IPv6 gateway (RFC 8950): family as u16, then the address.
  else body.attribute(RTA_VIA, Uint8Array.of(addressFamily(gateway.family), 0, ...gateway.bytes));
}

/** Reads RTM_NEWROUTE; nothing for another message, a cached clone or what cannot be read. */
export function decodeRoutes(message: NetlinkMessage): Route[] {
  const { type, body } = message;
  if ((type !== RTM_NEWROUTE && type !== RTM_DELROUTE) || body.length < ROUTE_HEADER) return [];
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const attributes = decodeAttributes(body, ROUTE_HEADER);
  const family = familyOf(body[0]!);
  const routeType = types[body[7]!];
  if (attributes === undefined || family === undefined || routeType === undefined) return [];
  if ((view.getUint32(8, true) & RTM_F_CLONED) !== 0) return [];
  const prefix = readPrefix(family, attributes.get(RTA_DST), body[1]!);
  if (prefix === undefined) return [];
  const source = readAddress(family, attributes.get(RTA_PREFSRC));
  const common = {
    prefix,
    table: attributeU32(attributes, RTA_TABLE) ?? body[4]!,
    type: routeType,
    metric: attributeU32(attributes, RTA_PRIORITY) ?? 0,
    protocol: body[5]!,
    ...(source === undefined ? {} : { source }),
  };
  const multipath = attributes.get(RTA_MULTIPATH);
  if (multipath !== undefined) {
    return readNextHops(multipath).map((hop) => ({ ...common, ...nextHop(family, hop.attributes, hop) }));
  }
  const interfaceIndex = attributeU32(attributes, RTA_OIF);
  return [{ ...common, ...nextHop(family, attributes, { interfaceIndex, flags: view.getUint32(8, true) }) }];
}

function nextHop(
  family: Family,
  attributes: Attributes,
  { interfaceIndex, flags }: { readonly interfaceIndex: number | undefined; readonly flags: number },
): Pick<Route, 'gateway' | 'interfaceIndex' | 'onLink'> {
  const gateway = readAddress(family, attributes.get(RTA_GATEWAY)) ?? readVia(attributes.get(RTA_VIA));
  return {
    ...(gateway === undefined ? {} : { gateway }),
    ...(interfaceIndex === undefined ? {} : { interfaceIndex }),
    ...((flags & RTNH_F_ONLINK) === 0 ? {} : { onLink: true }),
  };
}

/** `struct rtnexthop`: length u16, flags u8, hops u8, interface i32, attributes. */
function readNextHops(bytes: Uint8Array): { interfaceIndex: number; flags: number; attributes: Attributes }[] {
  const hops = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + NEXT_HOP_HEADER <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < NEXT_HOP_HEADER || at + length > bytes.length) break;
    const attributes = decodeAttributes(bytes.subarray(at, at + length), NEXT_HOP_HEADER);
    if (attributes !== undefined) {
      hops.push({ interfaceIndex: view.getInt32(at + 4, true), flags: bytes[at + 2]!, attributes });
    }
    at += (length + 3) & ~3;
  }
  return hops;
}

export function familyOf(number: number): Family | undefined {
  return number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;
}

/** An address attribute of this family; undefined when missing or of another size. Copied. */
export function readAddress(family: Family, bytes: Uint8Array | undefined): IpAddress | undefined {
  return bytes?.length === (family === 4 ? 4 : 16) ? { family, bytes: bytes.slice() } : undefined;
}

function readVia(bytes: Uint8Array | undefined): IpAddress | undefined {
  const family = bytes === undefined || bytes.length < 2 ? undefined : familyOf(bytes[0]!);
  return family === undefined ? undefined : readAddress(family, bytes!.subarray(2));
}

/** A missing address stands for the default route. */
export function readPrefix(family: Family, bytes: Uint8Array | undefined, length: number): Prefix | undefined {
  const address = bytes === undefined ? unspecifiedAddress(family) : readAddress(family, bytes);
  if (address === undefined || length > hostPrefix(address).length) return undefined;
  return prefixOf(address, length);
}
