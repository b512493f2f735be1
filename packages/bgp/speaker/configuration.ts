/** What is configured about a speaker as a whole: plain data, checked by whoever reads it from people. */
import type { IpAddress, Prefix } from '@patronus/net';
import type { Policy } from '../policy/policy.ts';
import type { SetSource } from '../policy/source.ts';
import type { SessionConfiguration } from '../session/configuration.ts';

export interface SpeakerConfiguration {
  readonly as: number;
  /** 32 bits, not 0. */
  readonly identifier: number;
  /** RFC 4456 §7; the identifier unless given. */
  readonly clusterId?: number;
  /** Paths that are used at once where they are equally good; 1 unless given. */
  readonly multipath?: number;
  readonly neighbours: readonly NeighbourConfiguration[];
  readonly networks: readonly NetworkConfiguration[];
  /** By name; neighbours name them. */
  readonly policies: ReadonlyMap<string, Policy>;
}

/** A route of our own. */
export interface NetworkConfiguration {
  readonly prefix: Prefix;
  /** What it has besides ORIGIN, AS_PATH and next hop. */
  readonly set: SetSource;
}

export interface NeighbourConfiguration {
  /** For people; no two are the same. */
  readonly name: string;
  /** One address, or a prefix from which neighbours may connect that are known by nothing else. */
  readonly address: IpAddress | Prefix;
  /** Most neighbours at once from a prefix; 100 unless given. */
  readonly mostDynamic?: number;
  readonly port?: number;
  /** Where our end of the connection is. */
  readonly localAddress?: IpAddress;
  /** Only over this interface; needed for link-local addresses. */
  readonly device?: string;
  readonly isDisabled?: boolean;
  readonly session: SessionConfiguration;
  readonly routes: RouteConfiguration;
}

/** What becomes of its routes. */
export interface RouteConfiguration {
  /** Names of policies, or everything, or nothing; unless given nothing for external neighbours (RFC 8212). */
  readonly import?: string;
  readonly export?: string;
  /** RFC 4456. */
  readonly isReflectorClient?: boolean;
  /** RFC 7947. */
  readonly isRouteServerClient?: boolean;
  readonly nextHop?: 'self' | 'unchanged';
  readonly ownAsAllowed?: number;
  readonly isFirstAsEnforced?: boolean;
  readonly hasAigp?: boolean;
}

/** Words that stand where a policy's name may. */
export const ACCEPT = 'accept';
export const REJECT = 'reject';

export function isDynamic(
  neighbour: NeighbourConfiguration,
): neighbour is NeighbourConfiguration & { address: Prefix } {
  return 'length' in neighbour.address;
}
