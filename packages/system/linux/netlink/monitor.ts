/**
 * What others change in the network stack: interfaces, addresses, routes and rules. It only says that something of a
 * kind changed; the owner reads that part again and reconciles, since notifications may be lost and states may not.
 *
 * Nothing waits here, so no thread is needed: the kernel sends SIGIO when something came (fcntl(2), O_ASYNC), which
 * Node's event loop turns into a call of `onNews`; the owner then calls `drain` when it has the time. Until it has, no
 * further signal is asked for, so a storm of changes costs one. Without `onNews` the owner calls `drain` on a timer.
 */

import { closeDescriptor } from '../descriptors.ts';
import { libc } from '../ffi.ts';
import { checked, LinuxError, lastErrorName } from '../linuxError.ts';
import { nativeMemory } from '../memory.ts';
import { decodeMessages } from './codec.ts';
import { openRouteNetlink } from './socket.ts';

/** `parameter`: forwarding or the reverse path filter. `resync`: notifications were lost, read everything again. */
export type NetworkChange = 'link' | 'address' | 'route' | 'rule' | 'parameter' | 'resync';

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
  80: 'parameter',
  81: 'parameter',
};

/** RTNLGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE, IPV4_NETCONF, IPV6_NETCONF. */
const groups = [1, 5, 7, 8, 9, 11, 19, 24, 25].reduce((bits, group) => bits | (1 << (group - 1)), 0);

const BUFFER_BYTES = 65_536;
/** A storm must not hold the owner for ever; the rest comes with the next call. */
const MOST_READS = 1000;

const F_SETFL = 4;
const F_SETOWN = 8;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;

export class NetworkMonitor {
  readonly #fd: number;
  readonly #memory = nativeMemory(BUFFER_BYTES);
  readonly #ownPorts: ReadonlySet<number>;
  readonly #onSignal: (() => void) | undefined;
  #isSignalled = false;

  /**
   * `ownPorts`: netlink sockets whose changes are ours and not worth a word (NetlinkSocket.port). `onNews`: called from
   * the event loop when there is something to `drain`, once until that is done; it may turn out to be of no interest.
   */
  constructor(ownPorts: Iterable<number> = [], onNews?: () => void) {
    this.#fd = openRouteNetlink(groups).fd;
    this.#ownPorts = new Set(ownPorts);
    if (onNews === undefined) return;
    this.#onSignal = () => {
      if (!this.#isSignalled) return;
      this.#signal(false);
      onNews();
    };
    // Listened to before it can come: unheard, it would end the process.
    process.on('SIGIO', this.#onSignal);
    checked(libc.fcntl(this.#fd, F_SETOWN, process.pid), 'fcntl (F_SETOWN)', 'be told of changes of the network');
    this.#signal(true);
  }

  /** The kinds that changed since the last call, each once. */
  drain(): ReadonlySet<NetworkChange> {
    // Before the reading: what comes after the last read then tells of itself.
    if (this.#onSignal !== undefined && !this.#isSignalled) this.#signal(true);
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
    if (this.#onSignal !== undefined) process.off('SIGIO', this.#onSignal);
  }

  #signal(isWanted: boolean): void {
    this.#isSignalled = isWanted;
    const flags = isWanted ? O_NONBLOCK | O_ASYNC : O_NONBLOCK;
    checked(libc.fcntl(this.#fd, F_SETFL, flags), 'fcntl (F_SETFL)', 'be told of changes of the network');
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
