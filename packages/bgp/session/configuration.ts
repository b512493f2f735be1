/** What is configured about one neighbour, with the values that hold where nothing is said. */
import type { AddPathMode, Capability, GracefulFamily, Role } from '../codec/capabilities.ts';
import { type FamilyKey, IPV4_UNICAST } from '../codec/families.ts';
import type { Secret } from './secret.ts';

export interface PrefixLimit {
  readonly family: FamilyKey;
  /** More prefixes than this end the session with Cease 6/1 (RFC 4486 §4). */
  readonly most: number;
  /** A warning at this part of it, 0…1; 0.8 unless given. */
  readonly warnAt?: number;
  /** s until it is started again; without it a person has to. */
  readonly restartS?: number;
  /** Only warns. */
  readonly isWarningOnly?: boolean;
}

/** RFC 4724 §3 and 8538 §2: what our OPEN says, and whether we keep the peer's routes over a restart of it. */
export interface GracefulRestart {
  /** s, at most 4,095. */
  readonly restartTimeS: number;
  /** The N bit: also for NOTIFICATION. */
  readonly isForNotification: boolean;
  /** We have just restarted: the R bit. */
  readonly isRestarting: boolean;
  /** `forwarding` only where our own forwarding survived. Without families we are a helper alone (§4). */
  readonly families: readonly GracefulFamily[];
  /** s after the session is back in which End-of-RIB has to come; then stale routes go. 360 unless given. */
  readonly stalePathTimeS?: number;
  /** RFC 9494 §3.1. */
  readonly longLived?: readonly (GracefulFamily & { readonly staleTimeS: number })[];
}

export interface SessionConfiguration {
  readonly localAs: number;
  /** A number, or what is taken of a neighbour that is known by its address alone. */
  readonly peerAs: number | 'internal' | 'external' | 'any';
  /** Our BGP identifier, 32 bits, not 0. */
  readonly identifier: number;
  readonly families?: readonly FamilyKey[];
  /** Families without which there is no session (RFC 5492 §3: 2/7). */
  readonly requiredFamilies?: readonly FamilyKey[];
  /** s; 0, or 3 and more. */
  readonly holdTimeS?: number;
  /** The least hold time of the peer that is taken, s; 3 unless given. */
  readonly leastHoldTimeS?: number;
  /** s between our KEEPALIVEs; a third of the hold time that was agreed on unless that is less, or nothing is given. */
  readonly keepaliveS?: number;
  readonly connectRetryS?: number;
  /** DelayOpen: s; 0: none. */
  readonly delayOpenS?: number;
  /** s in Idle after an end that was not asked for. */
  readonly idleHoldS?: number;
  /** DampPeerOscillations: the time in Idle doubles with each end up to this many s; equal to `idleHoldS`: no damping. */
  readonly mostIdleHoldS?: number;
  /** RFC 9687: s in which nothing could be sent; 480, or twice the hold time where that is more, unless given. 0: no end. */
  readonly sendHoldS?: number;
  /** Waits for the peer's connection (PassiveTcpEstablishment). */
  readonly isPassive?: boolean;
  /** SendNOTIFICATIONwithoutOPEN. */
  readonly notifiesWithoutOpen?: boolean;
  /** CollisionDetectEstablishedState: an established session takes part in §6.8. */
  readonly collidesWhenEstablished?: boolean;
  readonly addPath?: readonly { readonly family: FamilyKey; readonly mode: AddPathMode }[];
  /** Families that are taken with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop?: readonly FamilyKey[];
  readonly extendedMessages?: boolean;
  readonly routeRefresh?: boolean;
  readonly role?: Role;
  /** The peer has to tell its role (RFC 9234 §4.2). */
  readonly isRoleStrict?: boolean;
  readonly gracefulRestart?: GracefulRestart;
  readonly hostName?: string;
  readonly softwareVersion?: string;
  readonly prefixLimits?: readonly PrefixLimit[];
  /** GTSM (RFC 5082): the peer is at most this many hops away. */
  readonly ttlSecurityHops?: number;
  /** Without GTSM: hops that an external peer may be away; 1 unless given. */
  readonly multihop?: number;
  /** RFC 2385. */
  readonly md5Key?: Secret;
}

export const defaults = {
  families: [IPV4_UNICAST],
  holdTimeS: 90,
  leastHoldTimeS: 3,
  connectRetryS: 30,
  delayOpenS: 0,
  idleHoldS: 1,
  mostIdleHoldS: 120,
  sendHoldS: 480,
  stalePathTimeS: 360,
  warnAt: 0.8,
} as const;

/** What the owner has to set on the socket, before a connection is made or listened for. */
export interface SocketOptions {
  /** What we send with. */
  readonly ttl: number;
  /** Packets with less are dropped by the kernel (IP_MINTTL); 0: nothing is asked. */
  readonly leastTtl: number;
  readonly md5Key: Secret | null;
}

const MOST_TTL = 255;

/** RFC 5082 §3, or the hops an external peer may be away; an internal one may be anywhere. */
export function socketOptions(configuration: SessionConfiguration): SocketOptions {
  const { ttlSecurityHops, multihop, md5Key = null } = configuration;
  if (ttlSecurityHops !== undefined) {
    return { ttl: MOST_TTL, leastTtl: MOST_TTL - ttlSecurityHops + 1, md5Key };
  }
  const isInternal = configuration.peerAs === 'internal' || configuration.peerAs === configuration.localAs;
  return { ttl: multihop ?? (isInternal ? MOST_TTL : 1), leastTtl: 0, md5Key };
}

/** The capabilities of our OPEN, in order of their codes. */
export function capabilitiesOf(configuration: SessionConfiguration): Capability[] {
  const { families = defaults.families, gracefulRestart, hostName, softwareVersion } = configuration;
  const { addPath = [], extendedNextHop = [], role } = configuration;
  const capabilities: Capability[] = families.map((family) => ({ code: 1, family }));
  if (configuration.routeRefresh !== false) capabilities.push({ code: 2 });
  if (extendedNextHop.length > 0) {
    capabilities.push({ code: 5, nextHops: extendedNextHop.map((family) => ({ family, nextHopAfi: 2 })) });
  }
  if (configuration.extendedMessages !== false) capabilities.push({ code: 6 });
  if (role !== undefined) capabilities.push({ code: 9, role });
  if (gracefulRestart !== undefined) {
    const { isRestarting, isForNotification, restartTimeS } = gracefulRestart;
    capabilities.push({
      ...{ code: 64, restarting: isRestarting, notification: isForNotification },
      ...{ restartTime: restartTimeS, families: gracefulRestart.families },
    });
  }
  capabilities.push({ code: 65, as: configuration.localAs });
  if (addPath.length > 0) capabilities.push({ code: 69, families: addPath });
  if (configuration.routeRefresh !== false) capabilities.push({ code: 70 });
  const longLived = gracefulRestart?.longLived ?? [];
  if (longLived.length > 0) {
    const told = longLived.map(({ family, forwarding, staleTimeS }) => ({ family, forwarding, staleTime: staleTimeS }));
    capabilities.push({ code: 71, families: told });
  }
  if (hostName !== undefined) capabilities.push({ code: 73, hostName, domainName: '' });
  if (softwareVersion !== undefined) capabilities.push({ code: 75, version: softwareVersion });
  return capabilities;
}
