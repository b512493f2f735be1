/** A network namespace of the test process's own: it goes away with the process, however that ends. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type IpAddress, type Prefix, parseAddress, parsePrefix } from '@patronus/net';
import { canAdministerNetwork, checked, libc, POLLIN, PollSet } from '@patronus/system/linux';

const CLONE_NEWNET = 0x4000_0000;

const rights = canAdministerNetwork();
const isRoot = rights.ok && process.getuid?.() === 0;

/** Why the tests are left out, or false. On the build machine nothing is: there `enterOwnNamespace` fails instead. */
export const skipWithoutRoot = !isRoot && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;

/** From here on this thread and the programs it starts live in a fresh namespace with nothing but `lo`, switched on. */
export function enterOwnNamespace(): void {
  assert.ok(isRoot, rights.ok ? 'this test needs root: run it with sudo' : rights.message);
  checked(libc.unshare(CLONE_NEWNET), 'unshare', 'make a network namespace');
  ip('link', 'set', 'lo', 'up');
}

/** What `ip` prints. */
export function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}

/** What `ip -j` prints; nothing counts as an empty list. */
export function ipJson(...args: string[]): Record<string, unknown>[] {
  const text = ip('-j', ...args);
  return text.trim() === '' ? [] : JSON.parse(text);
}

export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

/** Waits for a condition by looking again; fails with its name after ten seconds. */
export async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, `timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for a descriptor to be readable, ten seconds at most. */
export function awaitReadable(fd: number): void {
  const poll = new PollSet(1);
  poll.set(0, fd, POLLIN);
  assert.equal(poll.wait(10e9), 1, 'nothing came within ten seconds');
}
