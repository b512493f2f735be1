/**
 * Which of two connections with one peer lives on (RFC 4271 §6.8).
 *
 * The RFC's rule alone can cost a session: the KEEPALIVE that makes it Established at one end may be under way while the
 * other end, which has made the second connection and is to keep it, reads the peer's OPEN there. So two more things hold:
 * - the end whose own connection would stay confirms none of the peer's while an answer on its own is to be expected;
 * - an end that has confirmed a connection begins no other one.
 */
import { messageError, Notice } from '../codec/errors.ts';
import type { SessionConfiguration } from './configuration.ts';
import type { Machine } from './machine.ts';

export const collision = messageError(Notice.collision, 'another connection with this peer lives on');

/** How long an answer is waited for: less than the least hold time, which runs at the peer meanwhile. */
export const MOST_WAIT_MS = 2_000;

/**
 * The one that goes, of `machine`, on which an OPEN was read, and another. The connection made by the end with the higher
 * identifier stays; with equal ones, by the higher AS (RFC 6286 §2.3); of two that one end made, the newer.
 */
export function loserOf({ identifier, localAs }: SessionConfiguration, machine: Machine, other: Machine): Machine {
  if (machine.isIncoming === other.isIncoming) return other;
  const open = machine.open!;
  const isPeerHigher = identifier === open.identifier ? localAs < open.as : identifier < open.identifier;
  return machine.isIncoming === isPeerHigher ? other : machine;
}

/** Whether the peer's connection, on which its OPEN was read, has to wait for what becomes of ours. */
export function hasToWait(configuration: SessionConfiguration, machine: Machine, other: Machine): boolean {
  return (
    machine.isIncoming &&
    !other.isIncoming &&
    other.state === 'OpenSent' &&
    loserOf(configuration, machine, other) === machine
  );
}
