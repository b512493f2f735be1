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
  /** By the name under which a neighbour, or a range of them, is configured. */
  readonly bfd: ReadonlyMap<string, BfdSettings>;
  readonly rpki: readonly RpkiCacheConfiguration[];
  readonly bmp: readonly BmpStationConfiguration[];
}

/** Who is told what neighbours announce (RFC 7854). */
export interface BmpStationConfiguration {
  readonly address: IpAddress;
  readonly port: number;
  /** s after which it is tried again. */
  readonly retryS: number;
}

/** Where validated prefixes come from (RFC 8210). */
export interface RpkiCacheConfiguration {
  readonly address: IpAddress;
  readonly port: number;
  /** s after which it is tried again, until it says so itself. */
  readonly retryS: number;
}

/** RFC 5882: BFD watches over the way to a neighbour. */
export interface BfdSettings {
  readonly intervalMs: number;
  /** Intervals of silence after which the neighbour is gone. */
  readonly multiplier: number;
  readonly isPassive: boolean;
  /** RFC 5883, rather than 5881; undefined: where BGP may go over several hops. */
  readonly isMultihop?: boolean;
}

export interface KernelConfiguration {
  readonly table: number;
  readonly metric: number;
}

/** The kernel's number of the main table. */
export const MAIN_TABLE = 254;
export const DEFAULT_CONTROL_SOCKET = '/run/patronus/bgp.sock';
