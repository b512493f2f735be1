/**
 * The state machine of RFC 5880 §6.2 and §6.8.6 as a table: own state, then the state that the other end says it is in
 * (or that it was not heard for a Detection Time).
 */
import type { State } from '../codec/control.ts';

export const transitions = {
  adminDown: { adminDown: 'adminDown', down: 'adminDown', init: 'adminDown', up: 'adminDown', expired: 'adminDown' },
  down: { adminDown: 'down', down: 'init', init: 'up', up: 'down', expired: 'down' },
  init: { adminDown: 'down', down: 'init', init: 'up', up: 'up', expired: 'down' },
  up: { adminDown: 'down', down: 'down', init: 'up', up: 'up', expired: 'down' },
} as const satisfies Record<State, Record<State | 'expired', State>>;
