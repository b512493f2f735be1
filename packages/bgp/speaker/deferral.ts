/**
 * After a restart of our own (RFC 4724 §4.1) nothing is told or installed until every neighbour that may be graceful has
 * told all that it has, or a time is over: neighbours go on by what they knew of us, the kernel by what it was left with.
 */
import type { Neighbour } from './neighbour.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class Deferral {
  /** When it ends at the latest, ms; Infinity: there is none. */
  deadline = NEVER;

  begin(untilMs: number): void {
    this.deadline = untilMs;
  }

  tick(nowMs: number): void {
    if (this.deadline <= nowMs) this.deadline = NEVER;
  }

  /** Whether it goes on; once it is over it stays so. */
  goesOn(neighbours: Iterable<Neighbour>): boolean {
    if (this.deadline === NEVER) return false;
    for (const neighbour of neighbours) if (isAwaited(neighbour)) return true;
    this.deadline = NEVER;
    return false;
  }
}

/** One that is no graceful peer, or restarts itself, is not waited for; nor one that nobody has listed. */
function isAwaited({ isDisabled, isDynamic, session, endsOfRib }: Neighbour): boolean {
  if (isDisabled || isDynamic) return false;
  const { negotiated } = session;
  if (negotiated === undefined) return true;
  const { gracefulRestart, families } = negotiated;
  if (gracefulRestart === undefined || gracefulRestart.restarting) return false;
  return [...families].some((family) => !endsOfRib.has(family));
}
