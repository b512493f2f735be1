/** What our OPENs say after a restart of our own (RFC 4724 §4.1): only what the kernel really went on forwarding. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type FamilyKey,
  type Neighbour,
  prefixFamily,
  type SessionConfiguration,
  type SpeakerConfiguration,
} from '@patronus/bgp';
import type { Family } from '@patronus/net';

const UNICAST = 1;
/** As long as a neighbour waits for us, unless it is told otherwise (s). */
const DEFAULT_S = 120;
/** For so long neighbours cannot connect to us, at most. */
const FIRST_MS = 3_000;
const LOOK_MS = 20;

/** R bit for all, F bit for families whose routes were still in the kernel's table; nothing where there were none. */
export function afterRestart(configuration: SpeakerConfiguration, left: ReadonlySet<Family>): SpeakerConfiguration {
  if (left.size === 0) return configuration;
  const neighbours = configuration.neighbours.map((one) => ({ ...one, session: marked(one.session, left) }));
  return { ...configuration, neighbours };
}

/** s until routes are chosen whoever has not told all by then (Selection_Deferral_Timer): what neighbours wait for us. */
export function deferralS({ neighbours }: SpeakerConfiguration): number {
  const times = neighbours.flatMap(({ session }) => session.gracefulRestart?.restartTimeS ?? []);
  return Math.max(0, Math.min(DEFAULT_S, ...times));
}

/**
 * Until our own connections have come up, or a moment is over: only then neighbours may connect. Where both ends connect at
 * once, one may be Established over the connection that the other, still in OpenConfirm, gives up for the second one (RFC 4271
 * §6.8). The NOTIFICATION that it gets ends the session for good, and with it what was kept of us (RFC 4724 §4). A second
 * connection that comes when the first is Established has the same end: it counts as one more restart (RFC 4724 §4.2, §5).
 */
export async function oursFirst(neighbours: () => Iterable<Neighbour>, now: () => number): Promise<void> {
  const endMs = now() + FIRST_MS;
  while (now() < endMs && [...neighbours()].some(isConnecting)) await pause(LOOK_MS);
}

function isConnecting({ isDisabled, session }: Pick<Neighbour, 'isDisabled' | 'session'>): boolean {
  return !isDisabled && session.configuration.isPassive !== true && session.state !== 'Established';
}

function marked(session: SessionConfiguration, left: ReadonlySet<Family>): SessionConfiguration {
  const { gracefulRestart } = session;
  if (gracefulRestart === undefined) return session;
  const mark = <One extends { readonly family: FamilyKey }>(one: One) => {
    const of = prefixFamily(one.family);
    return { ...one, forwarding: of !== undefined && (one.family & 0xff) === UNICAST && left.has(of) };
  };
  const { families, longLived } = gracefulRestart;
  return {
    ...session,
    gracefulRestart: {
      ...{ ...gracefulRestart, isRestarting: true, families: families.map(mark) },
      ...(longLived === undefined ? {} : { longLived: longLived.map(mark) }),
    },
  };
}
