/**
 * What it takes to make a speaker another one: as little as can be. A neighbour is reset only where its OPEN, its
 * connection or its address says something else now; what policies say is worked out again on the routes that are there.
 */
import { formatAddress, formatPrefix, type IpAddress } from '@patronus/net';
import type { Policy } from '../policy/policy.ts';
import type { GracefulRestart, SessionConfiguration } from '../session/configuration.ts';
import type { Admission } from '../session/dynamicNeighbours.ts';
import { Secret } from '../session/secret.ts';
import {
  isDynamic,
  type NeighbourConfiguration,
  type NetworkConfiguration,
  type SpeakerConfiguration,
} from './configuration.ts';
import type { Neighbour } from './neighbour.ts';

export interface NeighbourChange {
  readonly neighbour: Neighbour;
  readonly configuration: NeighbourConfiguration;
  /** Down and up again: `always`; only where it is on its way up and would come up as it was told before; not at all. */
  readonly reset: 'always' | 'unlessEstablished' | 'never';
  /** Its routes pass import and export again. */
  readonly isRerouted: boolean;
}

export interface NeighbourPlan {
  readonly removed: readonly Neighbour[];
  readonly changed: readonly NeighbourChange[];
  readonly added: readonly NeighbourConfiguration[];
}

/** Names of neighbours by what became of them. */
export interface Reconfigured {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly reset: readonly string[];
  /** Their routes pass other policies now, without a reset. */
  readonly rerouted: readonly string[];
}

/** Settings that the next connection, the next UPDATE or the next timer reads: no reset for them. */
const live: ReadonlySet<string> = new Set<keyof SessionConfiguration>([
  ...([
    'prefixLimits',
    'idleHoldS',
    'mostIdleHoldS',
    'keepaliveS',
    'connectRetryS',
    'delayOpenS',
    'sendHoldS',
    'isPassive',
  ] as const),
  ...(['leastHoldTimeS', 'notifiesWithoutOpen', 'collidesWhenEstablished', 'hostName', 'softwareVersion'] as const),
]);

/** `admit` answers what a neighbour from a range is now. */
export function planOf(
  before: SpeakerConfiguration,
  after: SpeakerConfiguration,
  present: Iterable<Neighbour>,
  admit: (neighbour: Neighbour) => Admission<NeighbourConfiguration>,
): NeighbourPlan {
  const listed = after.neighbours.filter((one) => !isDynamic(one));
  const byName = new Map(listed.map((one) => [one.name, one]));
  const addresses = new Set(listed.map(({ address }) => formatAddress(address as IpAddress)));
  const removed: Neighbour[] = [];
  const changed: NeighbourChange[] = [];
  for (const neighbour of present) {
    const address = formatAddress(neighbour.address);
    const wanted = byName.get(neighbour.name);
    let next = wanted;
    if (neighbour.isDynamic) {
      // It is listed now, or bears the name of one that is.
      const admission = wanted === undefined && !addresses.has(address) ? admit(neighbour) : undefined;
      next = admission?.kind === 'admitted' ? admission.template : undefined;
    } else if (wanted !== undefined && formatAddress(wanted.address as IpAddress) !== address) next = undefined;
    if (next === undefined) {
      removed.push(neighbour);
      continue;
    }
    if (!neighbour.isDynamic) byName.delete(neighbour.name);
    const { configuration } = neighbour;
    changed.push({
      ...{ neighbour, configuration: next, reset: resetFor(configuration, next) },
      isRerouted: hasOtherRules(before, configuration, after, next),
    });
  }
  return { removed, changed, added: [...byName.values()] };
}

export interface NetworkPlan {
  readonly withdrawn: readonly NetworkConfiguration[];
  readonly announced: readonly NetworkConfiguration[];
}

export function networkPlan(
  before: readonly NetworkConfiguration[],
  after: readonly NetworkConfiguration[],
): NetworkPlan {
  const told = new Map(before.map((one) => [formatPrefix(one.prefix), one]));
  const wanted = new Map(after.map((one) => [formatPrefix(one.prefix), one]));
  return {
    withdrawn: [...told].flatMap(([text, one]) => (wanted.has(text) ? [] : [one])),
    announced: [...wanted].flatMap(([text, one]) => (isSame(told.get(text)?.set, one.set) ? [] : [one])),
  };
}

function resetFor(before: NeighbourConfiguration, after: NeighbourConfiguration): NeighbourChange['reset'] {
  const places = ['port', 'localAddress', 'device'] as const;
  if (places.some((field) => !isSame(before[field], after[field]))) return 'always';
  const [old, next] = [comparable(before.session), comparable(after.session)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])];
  const other = names.filter((name) => !isSame(old[name], next[name]));
  if (other.length === 0) return 'never';
  return other.every((name) => live.has(name)) ? 'unlessEstablished' : 'always';
}

/** What an OPEN says only of the moment it is sent at, and what is of our own patience alone, makes no other session. */
function comparable({ gracefulRestart, ...rest }: SessionConfiguration): Readonly<Record<string, unknown>> {
  return { ...rest, gracefulRestart: gracefulRestart && told(gracefulRestart) };
}

function told({ restartTimeS, isForNotification, families, longLived = [] }: GracefulRestart): unknown {
  return {
    ...{ restartTimeS, isForNotification, families: families.map(({ family }) => family) },
    longLived: longLived.map(({ family, staleTimeS }) => [family, staleTimeS]),
  };
}

function hasOtherRules(
  before: SpeakerConfiguration,
  old: NeighbourConfiguration,
  after: SpeakerConfiguration,
  next: NeighbourConfiguration,
): boolean {
  if (!isSame(old.routes, next.routes)) return true;
  return [next.routes.import, next.routes.export].some((name) => {
    if (name === undefined) return false;
    return !isSamePolicy(before.policies.get(name), after.policies.get(name));
  });
}

function isSamePolicy(one: Policy | undefined, other: Policy | undefined): boolean {
  if (one === other) return true;
  if (one?.written === undefined || other?.written === undefined) return false;
  return isSame(one.written, other.written);
}

/** Plain values by what they hold; a field that is undefined is one that is not there. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (one instanceof Secret || other instanceof Secret) {
    return one instanceof Secret && other instanceof Secret && one.reveal() === other.reveal();
  }
  const [a, b] = [one as Readonly<Record<string, unknown>>, other as Readonly<Record<string, unknown>>];
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isSame(a[name], b[name]));
}
