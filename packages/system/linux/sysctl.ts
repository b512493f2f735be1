/** Kernel parameters under /proc/sys/net, which show the network namespace of whoever opens them. */

import { readFileSync, writeFileSync } from 'node:fs';
import { isInterfaceName } from './interfaceName.ts';
import { LinuxError } from './linuxError.ts';

/** Slashes, not dots: interface names may have dots of their own. E.g. `net/ipv4/ip_forward`. */
export function readSysctl(path: string): string {
  const file = fileOf(path);
  return attempt('read', path, () => readFileSync(file, 'latin1').trim());
}

/** Writes unless the value is there already (so that a read-only /proc/sys that is right does no harm). */
export function writeSysctl(path: string, value: string | number): void {
  const file = fileOf(path);
  if (readSysctl(path) === String(value)) return;
  attempt('write', path, () => writeFileSync(file, String(value)));
}

function fileOf(path: string): string {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new RangeError(`${JSON.stringify(path)} is no kernel parameter: write it like net/ipv4/ip_forward`);
  }
  return `/proc/sys/${path}`;
}

function attempt<T>(call: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    const hint = code === 'EROFS' ? 'this container mounts /proc/sys read-only: set it on the host' : undefined;
    throw new LinuxError(code, call, `${call} the kernel parameter ${path}`, hint);
  }
}

/** Lets the kernel pass packets on between interfaces, both families. */
export function enableForwarding(): void {
  writeSysctl('net/ipv4/ip_forward', 1);
  // Forwarding makes a host stop heeding router advertisements (accept_ra 1) unless it is told 2; uplinks may need them.
  writeSysctl('net/ipv6/conf/all/forwarding', 1);
}

/** RFC 3704: `strict` drops packets whose source would be routed out by another interface, `loose` those with no route. */
export type ReversePathFilter = 'off' | 'strict' | 'loose';

const filterValues = ['off', 'strict', 'loose'] as const;

/**
 * The filter that counts for an interface: the kernel takes the higher of `all` and its own value, where loose (2)
 * is higher than strict (1).
 */
export function reversePathFilter(interfaceName: string): ReversePathFilter {
  const all = Number(readSysctl('net/ipv4/conf/all/rp_filter'));
  const own = Number(readSysctl(`net/ipv4/conf/${checkedName(interfaceName)}/rp_filter`));
  return filterValues[Math.max(all, own)] ?? 'loose';
}

/**
 * Sets an interface's own filter and answers the one that counts then: `off` loses against a stricter `all`, while
 * `loose` wins against `strict`, so it is the one to ask for on uplinks and tunnels.
 */
export function setReversePathFilter(interfaceName: string, filter: ReversePathFilter): ReversePathFilter {
  writeSysctl(`net/ipv4/conf/${checkedName(interfaceName)}/rp_filter`, filterValues.indexOf(filter));
  return reversePathFilter(interfaceName);
}

function checkedName(name: string): string {
  if (!isInterfaceName(name)) throw new RangeError(`${JSON.stringify(name)} is no interface name`);
  return name;
}
