/** Routes that a forwarder is told of by what changes: in parts, and for its successor as a whole. */
import type { LearnedRoute, RoutesCommand, SegmentPrefix } from './commands.ts';

/** Between two commands the packets of a turn go through, so that a large table keeps none of them waiting for long. */
const MOST_AT_ONCE = 1_000;

/** The same changes, in commands that take a few milliseconds each. */
export function* inParts({ set, gone }: Omit<RoutesCommand, 'type'>): Generator<RoutesCommand> {
  for (let at = 0; at < gone.length; at += MOST_AT_ONCE) {
    yield { type: 'routes', set: [], gone: gone.slice(at, at + MOST_AT_ONCE) };
  }
  for (let at = 0; at < set.length; at += MOST_AT_ONCE) {
    yield { type: 'routes', set: set.slice(at, at + MOST_AT_ONCE), gone: [] };
  }
}

export class LearnedRoutes {
  readonly #routes = new Map<string, LearnedRoute>();

  note({ set, gone }: RoutesCommand): void {
    for (const route of gone) this.#routes.delete(keyOf(route));
    for (const route of set) this.#routes.set(keyOf(route), route);
  }

  /** All that holds now. */
  commands(): Iterable<RoutesCommand> {
    return inParts({ set: [...this.#routes.values()], gone: [] });
  }
}

function keyOf({ segment, prefix }: SegmentPrefix): string {
  return `${segment} ${prefix}`;
}
