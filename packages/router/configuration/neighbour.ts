/** One neighbour as it is written, with what its group says, to what the speaker wants to know. */
import {
  type AddPathMode,
  type FamilyKey,
  familyKey,
  type GracefulRestart,
  type NeighbourConfiguration,
  type PrefixLimit,
  prefixFamily,
  Secret,
  type SessionConfiguration,
} from '@patronus/bgp';
import { formatAddress, formatPrefix, type IpAddress, type Prefix } from '@patronus/net';
import type { BfdSettings } from './configuration.ts';
import type { NeighbourDocument, RouterDocument } from './schema.ts';

export type Grouped = NeighbourDocument;
type Complain = (field: string, message: string) => void;

const DEFAULT_RESTART_S = 120;

/** undefined: BFD does not watch over it. */
export function bfdOf({ bfd = false }: Grouped): BfdSettings | undefined {
  if (bfd === false) return undefined;
  const { interval = 300, multiplier = 3, passive = false, multihop } = bfd === true ? {} : bfd;
  return { intervalMs: interval, multiplier, isPassive: passive, ...given('isMultihop', multihop) };
}

/** undefined: something that it cannot be without is missing. */
export function readNeighbour(
  document: Grouped,
  router: RouterDocument['router'],
  complain: Complain,
): NeighbourConfiguration | undefined {
  const { address } = document;
  const peerAs = document.as;
  if (peerAs === undefined) {
    complain('as', 'is missing; write its AS number, or internal, external, any');
    return undefined;
  }
  const isLinkLocal = address.family === 6 && address.bytes[0] === 0xfe && (address.bytes[1]! & 0xc0) === 0x80;
  if (isLinkLocal && document.interface === undefined) {
    complain('address', 'a link-local address needs the interface that it is behind: add "interface: eth0"');
  }
  if (document.localAddress !== undefined && document.localAddress.family !== address.family) {
    complain('localAddress', `is of another family than the neighbour's address`);
  }
  if (document.ttlSecurity !== undefined && document.ttlSecurity !== false && document.multihop !== undefined) {
    complain('multihop', 'ttlSecurity says how far away it may be: leave one of the two out');
  }
  const localAs = document.localAs ?? router.as;
  const isInternal = peerAs === 'internal' || peerAs === localAs;
  if (document.reflectorClient === true && !isInternal) {
    complain('reflectorClient', 'only a neighbour of our own AS can be a client of a route reflector (RFC 4456)');
  }
  if (document.role !== undefined && isInternal) {
    complain('role', 'roles are for neighbours of another AS (RFC 9234 §4)');
  }
  return {
    name: document.name ?? textOf(address),
    address,
    ...given('mostDynamic', document.mostDynamic),
    ...given('port', document.port ?? (router.port === 179 ? undefined : router.port)),
    ...given('localAddress', document.localAddress),
    ...given('device', document.interface),
    ...given('isDisabled', document.disabled),
    session: sessionOf(document, router, localAs, peerAs),
    routes: {
      ...given('import', document.import),
      ...given('export', document.export),
      ...given('isReflectorClient', document.reflectorClient),
      ...given('isRouteServerClient', document.routeServerClient),
      ...given('nextHop', document.nextHop),
      ...given('ownAsAllowed', document.allowOwnAs),
      ...given('isFirstAsEnforced', document.enforceFirstAs),
      ...given('hasAigp', document.aigp),
    },
  };
}

function sessionOf(
  document: Grouped,
  router: RouterDocument['router'],
  localAs: number,
  peerAs: SessionConfiguration['peerAs'],
): SessionConfiguration {
  const families = document.families ?? [familyKey(document.address.family === 4 ? 1 : 2, 1)];
  const isDynamic = 'length' in document.address;
  const { addPath, ttlSecurity, password } = document;
  return {
    ...{ localAs, peerAs, identifier: router.identifier, families },
    ...given('isPassive', isDynamic ? true : document.passive),
    ...given('holdTimeS', document.holdTime),
    ...given('keepaliveS', document.keepalive),
    ...given('sendHoldS', document.sendHoldTime),
    ...given('connectRetryS', document.connectRetry),
    ...given('idleHoldS', document.idleHold),
    ...given('delayOpenS', document.delayOpen),
    ...given('addPath', addPath && families.map((family) => ({ family, mode: addPath as AddPathMode }))),
    ...given('extendedNextHop', document.extendedNextHop === true ? extendedNextHopsOf(families) : undefined),
    ...given('extendedMessages', document.extendedMessages),
    ...given('routeRefresh', document.routeRefresh),
    ...given('role', document.role),
    ...given('isRoleStrict', document.strictRole),
    ...given('gracefulRestart', gracefulRestartOf(document.gracefulRestart ?? true, families)),
    ...given('hostName', router.hostName),
    ...given('prefixLimits', prefixLimitsOf(document.maxPrefixes, families)),
    ...given('ttlSecurityHops', ttlSecurity === true ? 1 : ttlSecurity === false ? undefined : ttlSecurity),
    ...given('multihop', document.multihop),
    ...given('md5Key', password === undefined ? undefined : new Secret(password)),
  };
}

/** RFC 8950: IPv4 prefixes with IPv6 next hops. */
function extendedNextHopsOf(families: readonly FamilyKey[]): readonly FamilyKey[] {
  return families.filter((family) => prefixFamily(family) === 4);
}

/** Families with `forwarding` are the host's to add: it alone knows what survived. */
function gracefulRestartOf(
  written: NonNullable<Grouped['gracefulRestart']>,
  families: readonly FamilyKey[],
): GracefulRestart | undefined {
  if (written === false) return undefined;
  const { restartTime, stalePathTime, notification, longLivedStaleTime } = written === true ? {} : written;
  const ours = families.map((family) => ({ family, forwarding: false }));
  return {
    restartTimeS: restartTime ?? DEFAULT_RESTART_S,
    isForNotification: notification ?? true,
    isRestarting: false,
    families: ours,
    ...given('stalePathTimeS', stalePathTime),
    ...given('longLived', longLivedStaleTime && ours.map((one) => ({ ...one, staleTimeS: longLivedStaleTime }))),
  };
}

function prefixLimitsOf(
  written: Grouped['maxPrefixes'],
  families: readonly FamilyKey[],
): readonly PrefixLimit[] | undefined {
  if (written === undefined) return undefined;
  const { most, warnAt, restartAfter, warningOnly } = typeof written === 'number' ? { most: written } : written;
  return families.map((family) => ({
    ...{ family, most },
    ...given('warnAt', warnAt),
    ...given('restartS', restartAfter),
    ...given('isWarningOnly', warningOnly),
  }));
}

function textOf(address: IpAddress | Prefix): string {
  return 'length' in address ? formatPrefix(address) : formatAddress(address);
}

/** A field that is there only where it has a value. */
function given<Name extends string, Value>(
  name: Name,
  value: Value,
): Value extends undefined ? object : { [Key in Name]?: Exclude<Value, undefined | 0 | ''> };
function given(name: string, value: unknown): object {
  return value === undefined || value === '' ? {} : { [name]: value };
}
