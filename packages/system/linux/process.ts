/** What a process asks of the kernel about itself: rights, scheduling, and to die with its parent. */

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { libc } from './ffi.ts';
import { checked, LinuxError, lastErrorName } from './linuxError.ts';
import { nativeMemory } from './memory.ts';

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x4000_0000;

/** Capabilities we know by bit (capability.h). */
export const capabilities = { netBindService: 10, netAdmin: 12, netRaw: 13, sysAdmin: 21, sysNice: 23 } as const;

/** Whether this process has a capability in effect. */
export function hasCapability(name: keyof typeof capabilities): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(capabilities[name])) & 1n) === 1n;
}

/** Whether interfaces, routes and bound sockets are ours to make; if not, a message that says what to do. */
export function canAdministerNetwork(): { readonly ok: true } | { readonly ok: false; readonly message: string } {
  const needed = [
    ['netAdmin', 'CAP_NET_ADMIN'],
    ['netRaw', 'CAP_NET_RAW'],
  ] as const;
  const missing = needed.filter(([name]) => !hasCapability(name)).map(([, label]) => label);
  if (missing.length === 0) return { ok: true };
  return {
    ok: false,
    message:
      `no right to manage the network (missing ${missing.join(' and ')}): run as root with \`sudo\`, ` +
      'or let systemd grant it with AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW',
  };
}

/**
 * Asks for a signal when the parent ends, however it ends. Answers false when the parent (`parentPid`, as the parent
 * told us) had ended before: then nobody would send it, and the caller should stop by itself.
 * The kernel ties it to the thread that forked: call it from the main thread, of a parent that forks from its own.
 */
export function dieWithParent(parentPid: number, signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): boolean {
  const number = constants.signals[signal];
  checked(libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0), 'prctl', 'tie this process to its parent');
  return process.ppid === parentPid;
}

/** No program started from here on can gain rights by set-uid bits or file capabilities. */
export function forbidNewPrivileges(): void {
  checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl', 'give up gaining privileges');
}

/**
 * Puts the calling thread into SCHED_FIFO (priority 1…99), children excepted. False when the right is missing
 * (CAP_SYS_NICE): the thread then runs on as it was.
 */
export function scheduleFirst(priority: number): boolean {
  const parameters = nativeMemory(4);
  parameters.view.setInt32(0, priority, true);
  if (libc.schedSetScheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, parameters.address) === 0) return true;
  const code = lastErrorName();
  if (code === 'EPERM') return false;
  throw new LinuxError(code, 'sched_setscheduler', `schedule with priority ${priority}`);
}
