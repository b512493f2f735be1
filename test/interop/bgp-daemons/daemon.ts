/** What a BGP daemon of somebody else has to offer for the suite in `../bgp-daemons.test.ts`: one file a daemon. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { AS, type BgpWorld } from '../fixtures/bgpWorld.ts';

/** What not every daemon can; everything else they all show. */
export type Feature =
  | 'extendedCommunities'
  | 'askingAgain'
  | 'tellingAgain'
  | 'gracefulRestart'
  | 'helpingToRestart'
  | 'md5'
  | 'ttlSecurity'
  | 'addPath'
  | 'roles'
  | 'bfd';

/** How a session is configured beyond the plain one. */
export interface Wishes {
  readonly password?: string;
  readonly hasTtlSecurity?: boolean;
  readonly hasAddPath?: boolean;
  /** It is our provider, and says so (RFC 9234). */
  readonly isProvider?: boolean;
  /** It speaks with nobody who has no role (RFC 9234 §4.2). */
  readonly demandsRole?: boolean;
  readonly hasBfd?: boolean;
}

/** A path that it has from us, in our spelling whatever its own is. */
export interface TheirPath {
  readonly asPath: string;
  readonly nextHop: string;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly extendedCommunities: readonly string[];
}

export interface RunningDaemon {
  /** The one that speaks BGP. */
  readonly process: () => ChildProcess;
  /** Starts it anew with the same configuration, once it has ended. */
  readonly start: () => Promise<void>;
  readonly isEstablished: () => boolean;
  /** Paths that it has from us. */
  readonly paths: (prefix: string) => readonly TheirPath[] | Promise<readonly TheirPath[]>;
  /** One of its two own prefixes. */
  readonly withdraw: (prefix: string) => void;
  readonly announce: (prefix: string) => void;
  /** Has it ask us for our routes of both families again (RFC 2918). */
  readonly askAgain: () => void;
  /** Whether it tells a person that we shut the session down, and in our words where it keeps them (RFC 9003). */
  readonly wasToldWhy?: (words: string) => boolean;
  /** Whether it tells a person that roles do not fit, whoever of us found out. */
  readonly tellsOfRoles?: () => boolean;
  /** How much it has been told by us, in UPDATEs or routes. */
  readonly updates: () => number;
}

export interface BgpDaemon {
  readonly name: string;
  /** What it cannot do, and why: there is no case for these. */
  readonly cannot: Readonly<Partial<Record<Feature, string>>>;
  /** Starts it at the far end of the world's wire, with `ownRoutes`, and with us as its only neighbour. */
  readonly start: (world: BgpWorld, wishes: Wishes) => Promise<RunningDaemon>;
}

export const OWN = { 4: '198.51.100.0/24', 6: '2001:db8:1::/48' } as const;
/** What it gives its own IPv4 route; the IPv6 route has the first of them alone. */
export const ownCommunities = {
  communities: [`${AS.theirs}:7`],
  largeCommunities: [`${AS.theirs}:1:2`],
  extendedCommunities: [`target:${AS.theirs}:5`],
} as const;

/** A process and all that it started, parents first. */
export function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((one) => processesOf(Number(one))))];
}

export function familyOf(prefix: string): 4 | 6 {
  return prefix.includes(':') ? 6 : 4;
}
