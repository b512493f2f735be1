/** Switches, time out of bounds and time on each path, of one course of choices over what was measured. */
import type { DirectionQuality, SlaBounds, SteeringEvent } from './model.ts';
import { measuresOf, missRatio } from './sla.ts';
import type { PathChange } from './whatIf.ts';

export interface Outcome {
  /** Times that what carries traffic first became another tunnel; the first choice does not count. */
  readonly switches: number;
  /** While the path in use broke its bounds, ms. */
  readonly outOfSlaMs: number;
  /** While nothing was up, or the path in use was not, ms. */
  readonly downMs: number;
  /** By tunnel, ms. */
  readonly onPathMs: Readonly<Record<string, number>>;
}

interface Course {
  switches: number;
  outOfSlaMs: number;
  downMs: number;
  onPathMs: Record<string, number>;
  lead: string | null;
  hasLed: boolean;
  sinceMs: number;
}

/** How a tunnel is, at one moment. */
interface Seen {
  isUp: boolean;
  roundTripUs: number | null;
  outgoing: DirectionQuality | null;
}

export class Tally {
  readonly #courses = new Map<string, Course>();
  readonly #seen = new Map<string, Seen>();
  readonly #bounds: ReadonlyMap<string, SlaBounds | null>;

  private constructor(bounds: ReadonlyMap<string, SlaBounds | null>) {
    this.#bounds = bounds;
  }

  /** `changes` and `events` in order of time; a change at an event's time comes behind it. */
  static of(
    events: readonly SteeringEvent[],
    changes: readonly PathChange[],
    bounds: ReadonlyMap<string, SlaBounds | null>,
    toMs: number,
  ): Tally {
    const tally = new Tally(bounds);
    let next = 0;
    const changeUntil = (atMs: number) => {
      for (; next < changes.length && changes[next]!.atMs < atMs; next++) tally.#change(changes[next]!);
    };
    for (const event of events) {
      changeUntil(event.atMs);
      tally.#hear(event);
    }
    changeUntil(Number.POSITIVE_INFINITY);
    for (const [key, course] of tally.#courses) tally.#advance(key, course, toMs);
    return tally;
  }

  /** By treatment and edge, joined by a line break. */
  get groups(): ReadonlyMap<string, Outcome> {
    return new Map(
      [...this.#courses].map(([key, { switches, outOfSlaMs, downMs, onPathMs }]) => [
        key,
        { switches, outOfSlaMs, downMs, onPathMs },
      ]),
    );
  }

  total(): Outcome {
    const total = { switches: 0, outOfSlaMs: 0, downMs: 0, onPathMs: {} as Record<string, number> };
    for (const course of this.#courses.values()) {
      total.switches += course.switches;
      total.outOfSlaMs += course.outOfSlaMs;
      total.downMs += course.downMs;
      for (const [id, ms] of Object.entries(course.onPathMs)) total.onPathMs[id] = (total.onPathMs[id] ?? 0) + ms;
    }
    return total;
  }

  #hear(event: SteeringEvent): void {
    if (event.type !== 'tunnelState' && event.type !== 'measured') return;
    const heard = event.type === 'measured' ? event.tunnels.map(({ id }) => id) : [event.tunnelId];
    for (const [key, course] of this.#courses) {
      if (course.lead !== null && heard.includes(course.lead)) this.#advance(key, course, event.atMs);
    }
    if (event.type === 'tunnelState') {
      this.#seen.set(event.tunnelId, { isUp: event.state === 'up', roundTripUs: null, outgoing: null });
      return;
    }
    for (const { id, roundTripUs, outgoing } of event.tunnels)
      this.#seen.set(id, { isUp: this.#seen.get(id)?.isUp ?? true, roundTripUs, outgoing });
  }

  #change({ atMs, treatment, edgeId, chosen }: PathChange): void {
    const key = `${treatment}\n${edgeId}`;
    const lead = chosen[0] ?? null;
    const course = this.#courses.get(key);
    if (course === undefined) {
      const nothing = { switches: 0, outOfSlaMs: 0, downMs: 0, onPathMs: {} };
      this.#courses.set(key, { ...nothing, lead, hasLed: lead !== null, sinceMs: atMs });
      return;
    }
    this.#advance(key, course, atMs);
    if (lead !== course.lead && lead !== null && course.hasLed) course.switches += 1;
    course.hasLed ||= lead !== null;
    course.lead = lead;
  }

  /** Counts the time since the last look to whatever is true of it. */
  #advance(key: string, course: Course, atMs: number): void {
    const ms = Math.max(0, atMs - course.sinceMs);
    course.sinceMs = Math.max(course.sinceMs, atMs);
    if (course.lead === null) {
      if (course.hasLed) course.downMs += ms;
      return;
    }
    course.onPathMs[course.lead] = (course.onPathMs[course.lead] ?? 0) + ms;
    const seen = this.#seen.get(course.lead);
    if (seen !== undefined && !seen.isUp) course.downMs += ms;
    else if (seen !== undefined && this.#isOut(key, seen, atMs)) course.outOfSlaMs += ms;
  }

  #isOut(key: string, { roundTripUs, outgoing }: Seen, atMs: number): boolean {
    const sla = this.#bounds.get(key.slice(0, key.indexOf('\n')));
    if (sla === null || sla === undefined) return false;
    return missRatio(measuresOf({ recent: [{ atMs, roundTripUs, outgoing, incoming: null }], spaced: [] }), sla) > 1;
  }
}
