/**
 * What others change in the network stack: interfaces, addresses, routes and rules. It only says that something of a
 * kind changed; the owner reads that part again and reconciles, since notifications may be lost and states may not.
 *
 * Nothing waits here: the owner calls `drain` on a timer (200 ms), so no thread is needed.
 */

import { closeDescriptor } from '../descriptors.ts';
import { libc } from '../ffi.ts';
import { LinuxError, lastErrorName } from '../linuxError.ts';
import { nativeMemory } from '../memory.ts';
import { decodeMessages } from './codec.ts';
import { openRouteNetlink } from './socket.ts';

/** `resync`: notifications were lost, read everything again. */
export type NetworkChange = 'link' | 'address' | 'route' | 'rule' | 'resync';

/** By message type; NEW and DEL of each. A link that goes down takes IPv4 routes with it without a word of their own. */
const kinds: Readonly<Record<number, NetworkChange>> = {
  16: 'link',
  17: 'link',
  20: 'address',
  21: 'address',
  24: 'route',
  25: 'route',
  32: 'rule',
  33: 'rule',
};

/** RTNLGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE. */
const groups = [1, 5, 7, 8, 9, 11, 19].reduce((bits, group) => bits | (1 << (group - 1)), 0);

const BUFFER_BYTES = 65_536;
/** A storm must not hold the owner for ever; the rest comes with the next call. */
const MOST_READS = 1000;

export class NetworkMonitor {
  readonly #fd: number;
  readonly #memory = nativeMemory(BUFFER_BYTES);
  readonly #ownPorts: ReadonlySet<number>;

  /** `ownPorts`: netlink sockets whose changes are ours and not worth a word (NetlinkSocket.port). */
  constructor(ownPorts: Iterable<number> = []) {
    this.#fd = openRouteNetlink(groups).fd;
    this.#ownPorts = new Set(ownPorts);
  }

  /** The kinds that changed since the last call, each once. */
  drain(): ReadonlySet<NetworkChange> {
    const changes = new Set<NetworkChange>();
    for (let reads = 0; reads < MOST_READS; reads++) {
      const length = libc.recv(this.#fd, this.#memory.address, BUFFER_BYTES, 0);
      if (length >= 0) this.#note(this.#memory.bytes.subarray(0, length), changes);
      else if (!this.#goesOn(changes)) break;
    }
    return changes;
  }

  close(): void {
    closeDescriptor(this.#fd);
  }

  #note(bytes: Uint8Array, changes: Set<NetworkChange>): void {
    for (const { type, port } of decodeMessages(bytes) ?? []) {
      const kind = kinds[type];
      if (kind !== undefined && (port === 0 || !this.#ownPorts.has(port))) changes.add(kind);
    }
  }

  /** After a failed read: whether to read on. */
  #goesOn(changes: Set<NetworkChange>): boolean {
    const code = lastErrorName();
    if (code === 'EAGAIN') return false;
    if (code === 'ENOBUFS') changes.add('resync');
    else if (code !== 'EINTR') throw new LinuxError(code, 'recv (netlink)', 'watch the network for changes');
    return true;
  }
}
