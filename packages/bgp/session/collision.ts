/**
 * Which of two connections with one peer lives on (RFC 4271 §6.8).
 *
 * The RFC's rule alone can cost a session: the KEEPALIVE that makes it Established at one end may be under way while the
 * other end, which has made the second connection and is to keep it, reads the peer's OPEN there. So two more things hold:
 * - the end whose own connection would stay confirms none of the peer's while an answer on its own is to be expected;
 * - an end that has confirmed a connection begins no other one.
 */
import { messageError, Notice } from '../codec/errors.ts';
import type { Open } from '../codec/open.ts';
import type { SessionConfiguration } from './configuration.ts';
import { rank, type State } from './transitions.ts';

export const collision = messageError(Notice.collision, 'another connection with this peer lives on');

/** How long an answer is waited for: less than the least hold time, which runs at the peer meanwhile. */
export const MOST_WAIT_MS = 2_000;

/** What counts of a connection. */
export interface Contender {
  readonly state: State;
  /** The peer made it. */
  readonly isIncoming: boolean;
  /** Its OPEN was read, and it is not confirmed yet. */
  readonly isWaiting: boolean;
  readonly open: Pick<Open, 'as' | 'identifier'> | undefined;
}

export type OurEnd = Pick<SessionConfiguration, 'identifier' | 'localAs' | 'collidesWhenEstablished'>;

/**
 * What becomes of a connection on which an OPEN was read while there is another one:
 * - `confirm`: both go on until more is known;
 * - `wait`: it is not confirmed before it is known what becomes of the other;
 * - `lost`: it ends;
 * - `won`: the other ends;
 * - `restarted`: the other, which was Established, is given up without a word, as the peer knows nothing of it any more.
 */
export type Verdict = 'confirm' | 'wait' | 'lost' | 'won' | 'restarted';

/** `isGraceful`: the session that is Established has agreed on graceful restart. */
export function judge(our: OurEnd, machine: Contender, other: Contender, isGraceful: boolean): Verdict {
  if (hasToWait(our, machine, other)) return 'wait';
  if (!other.isWaiting && rank(other.state) < rank('OpenConfirm')) return 'confirm';
  // RFC 4724 §5: a graceful peer that opens anew has lost the session that we still believe in.
  if (other.state === 'Established' && our.collidesWhenEstablished !== true) return isGraceful ? 'restarted' : 'lost';
  return loserOf(our, machine, other) === machine ? 'lost' : 'won';
}

/**
 * The one that goes, of `machine`, on which an OPEN was read, and another. The connection made by the end with the higher
 * identifier stays; with equal ones, by the higher AS (RFC 6286 §2.3); of two that one end made, the newer.
 */
function loserOf({ identifier, localAs }: OurEnd, machine: Contender, other: Contender): Contender {
  if (machine.isIncoming === other.isIncoming) return other;
  const open = machine.open!;
  const isPeerHigher = identifier === open.identifier ? localAs < open.as : identifier < open.identifier;
  return machine.isIncoming === isPeerHigher ? other : machine;
}

/** Whether the peer's connection, on which its OPEN was read, has to wait for what becomes of ours. */
export function hasToWait(our: OurEnd, machine: Contender, other: Contender): boolean {
  return (
    machine.isIncoming && !other.isIncoming && other.state === 'OpenSent' && loserOf(our, machine, other) === machine
  );
}
