/**
 * What the users of a session do when its state changes (RFC 5882): a table, so that BGP, static routes and steering read
 * the same rules.
 */
import type { State } from './codec/control.ts';
import type { StateChange } from './session/events.ts';

/**
 * `controlProtocol`: BGP and the like, which notice by themselves, if later, that the other end is gone (§4).
 * `path`: a static route or a tunnel, which nothing else watches (§5).
 */
export type ClientKind = 'controlProtocol' | 'path';

/** `ignore`: BFD has nothing to say; the client goes by what else it knows. */
export type Advice = 'use' | 'withdraw' | 'ignore';

type Happening = 'up' | 'failed' | 'switchedOff' | 'neverUp';

const advice: Readonly<Record<ClientKind, Readonly<Record<Happening, Advice>>>> = {
  // Switched off by a person at either end: no failure of the path, and no reason to break a protocol that works (§3.2).
  controlProtocol: { up: 'use', failed: 'withdraw', switchedOff: 'ignore', neverUp: 'ignore' },
  // What nobody watches any more would go on into a hole: AdminDown is as bad as Down (§3.2).
  path: { up: 'use', failed: 'withdraw', switchedOff: 'withdraw', neverUp: 'withdraw' },
};

/** What a client does now (§4.2). */
export function adviceFor(client: ClientKind, change: Pick<StateChange, 'state' | 'previous' | 'remoteState'>): Advice {
  return advice[client][happening(change)];
}

function happening({
  state,
  previous,
  remoteState,
}: Pick<StateChange, 'state' | 'previous' | 'remoteState'>): Happening {
  if (state === 'up') return 'up';
  if (state === 'adminDown' || remoteState === 'adminDown') return 'switchedOff';
  return previous === 'up' ? 'failed' : 'neverUp';
}

/**
 * Whether a client may start while the session is in this state. A control protocol may: it may be what tells the other end
 * to begin with BFD, and an end that is switched off must never hold it back (§4.1).
 */
export function mayStart(client: ClientKind, state: State): boolean {
  return client === 'controlProtocol' || state === 'up';
}
