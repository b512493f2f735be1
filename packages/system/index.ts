/**
 * What Patronus asks of the machine below it: interfaces with written contracts, nothing else. `linux/` holds the
 * real ones; tests put their own in place. No `node:*` here, so pure packages may name these types.
 */

import type { Endpoint, Family, IpAddress, Prefix } from '@patronus/net';

export interface Clock {
  /** Milliseconds (with fractions) that never go back and never jump; the zero is arbitrary but one for the machine. */
  monotonicMs(): number;
  /** Milliseconds since 1970. May jump; for people and certificates only, never for timers. */
  wallMs(): number;
}

export interface Random {
  /** `count` unpredictable bytes, fit for keys. The array is the caller's. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

/** `full`: try again when writable. `tooBig`: larger than the path takes. `unreachable`: no way out just now. */
export type SendOutcome = 'sent' | 'full' | 'tooBig' | 'unreachable';

export interface Datagram {
  /** A view into the receiver's own buffer: good until the next `receive`. */
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  /** The address of ours that it was sent to: answers leave from it. */
  readonly to: IpAddress | undefined;
}

/** A UDP socket of one family. Nothing blocks; nothing that the network does throws. */
export interface Udp {
  readonly family: Family;
  /** The local port, chosen by the system where 0 was asked for. */
  readonly port: number;
  /** Sends one datagram, from `from` where given and from the address the routes suggest otherwise. */
  send(bytes: Uint8Array, to: Endpoint, from?: IpAddress): SendOutcome;
  /** The next datagram, or undefined when none waits. */
  receive(): Datagram | undefined;
  close(): void;
}

/** A layer-3 interface whose packets come to us. Nothing blocks. */
export interface Tun {
  readonly name: string;
  readonly interfaceIndex: number;
  /** Reads one packet into `into`; its length, or 0 when none waits. */
  read(into: Uint8Array): number;
  /** Hands one packet to the kernel; false when it did not take it (interface down, queue full, no IP packet). */
  write(packet: Uint8Array): boolean;
  close(): void;
}

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw';

export interface Route {
  readonly prefix: Prefix;
  /** 254 is the main table. */
  readonly table: number;
  readonly type: RouteType;
  /** Lower wins. The kernel turns 0 into 1024 for IPv6. */
  readonly metric: number;
  /** Who made it (`/etc/iproute2/rt_protos`), so that each owner reconciles its own. */
  readonly protocol: number;
  readonly gateway?: IpAddress;
  readonly interfaceIndex?: number;
  /** Preferred source address. */
  readonly source?: IpAddress;
  /** The gateway is reachable though no prefix of the interface covers it. */
  readonly onLink?: boolean;
  /** Used at once, in place of `gateway` and `interfaceIndex`; flows are spread over them. Only to set: see `list`. */
  readonly nextHops?: readonly RouteHop[];
}

export interface RouteHop {
  readonly gateway: IpAddress;
  readonly interfaceIndex: number;
  readonly onLink?: boolean;
}

export interface RouteFilter {
  readonly family?: Family;
  readonly table?: number;
  readonly protocol?: number;
}

/** Routing tables of the process's own network namespace. */
export interface Routes {
  /** Every route that fits; one with several next hops comes as several routes. */
  list(filter?: RouteFilter): readonly Route[];
  /** Adds a route or changes the one with the same prefix, metric and table. Done when it returns. */
  replace(route: Route): void;
  /** Takes a route out; false when it was not there. */
  remove(route: Route): boolean;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** `veth`, `tun`, `bridge`…; empty for hardware. */
  readonly kind: string;
  readonly mtu: number;
  /** Switched on by its owner. */
  readonly isUp: boolean;
  /** The other end is there. */
  readonly hasCarrier: boolean;
}

/** Interfaces of the process's own network namespace. */
export interface Links {
  list(): readonly Link[];
  /** By name or index; undefined when there is none. */
  find(nameOrIndex: string | number): Link | undefined;
  /** Changes what is given and leaves the rest. */
  set(index: number, change: { readonly up?: boolean; readonly mtu?: number }): void;
}
