/** What a router is told to be: the speaker, and how it is bound to this machine. */
import type { SpeakerConfiguration } from '@patronus/bgp';
import type { IpAddress } from '@patronus/net';

export interface RouterConfiguration {
  readonly speaker: SpeakerConfiguration;
  /** Where neighbours may connect to; none: nowhere. */
  readonly listen: readonly IpAddress[];
  readonly port: number;
  /** Where `patronus bgp show` asks. */
  readonly controlSocket: string;
  /** Where routes go in the kernel; undefined: nowhere. */
  readonly kernel: KernelConfiguration | undefined;
}

export interface KernelConfiguration {
  readonly table: number;
  readonly metric: number;
}

/** The kernel's number of the main table. */
export const MAIN_TABLE = 254;
export const DEFAULT_CONTROL_SOCKET = '/run/patronus/bgp.sock';
