/** Whether anybody changed the rules of nftables. As with NetworkMonitor, the owner calls `drain` on a timer. */
import { closeDescriptor } from '../descriptors.ts';
import { libc } from '../ffi.ts';
import { LinuxError, lastErrorName } from '../linuxError.ts';
import { nativeMemory } from '../memory.ts';
import { openNetlink } from './socket.ts';

const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES is 7. */
const groups = 1 << 6;
const BUFFER_BYTES = 65_536;
const MOST_READS = 1000;

export class NetfilterMonitor {
  readonly #fd = openNetlink(NETLINK_NETFILTER, groups).fd;
  readonly #memory = nativeMemory(BUFFER_BYTES);

  /** True also where notifications were lost. */
  drain(): boolean {
    let hasChanged = false;
    for (let reads = 0; reads < MOST_READS; reads++) {
      if (libc.recv(this.#fd, this.#memory.address, BUFFER_BYTES, 0) >= 0) {
        hasChanged = true;
        continue;
      }
      const code = lastErrorName();
      if (code === 'EAGAIN') break;
      if (code === 'ENOBUFS') hasChanged = true;
      else if (code !== 'EINTR') throw new LinuxError(code, 'recv (netlink)', 'watch nftables for changes');
    }
    return hasChanged;
  }

  close(): void {
    closeDescriptor(this.#fd);
  }
}
