/** Raises and clears the alarms about paths: what lasts is told, what comes and goes is not. */
import type { Core } from '../core.ts';
import { Flapping } from './flapping.ts';
import { pathCauses, pathKinds } from './pathCauses.ts';

/** A cause has to last so long before it is an alarm, and to be gone so long before the alarm ends. */
const LASTING_MS = 5_000;

type Watched = Pick<Core, 'live' | 'alarms' | 'network' | 'now'>;

export class PathWatch {
  readonly #core: Watched;
  readonly #flapping = new Flapping();
  /** Since when a cause is there, or an alarm's cause is not, by key. */
  readonly #since = new Map<string, { readonly isThere: boolean; readonly at: number }>();

  constructor(core: Watched) {
    this.#core = core;
  }

  /** `isSettling`: edges had no time yet to come back after our start, so that silence says nothing. */
  look(isSettling: boolean): void {
    const { live, alarms, network, now } = this.#core;
    this.#flapping.look(network.current, live, now());
    const causes = pathCauses({ live, network: network.current, flapping: this.#flapping });
    const there = new Set(causes.map(({ key }) => key));
    for (const cause of causes) if (this.#lasts(cause.key, true)) alarms.raise(cause);
    if (isSettling) return;
    alarms.clearMatching(({ key }) => pathKinds.has(key.split(':')[0]!) && !there.has(key) && this.#lasts(key, false));
    for (const [key, { isThere }] of this.#since) if (isThere && !there.has(key)) this.#since.delete(key);
  }

  #lasts(key: string, isThere: boolean): boolean {
    const now = this.#core.now();
    const known = this.#since.get(key);
    if (known?.isThere !== isThere) this.#since.set(key, { isThere, at: now });
    const hasLasted = known?.isThere === isThere && now - known.at >= LASTING_MS;
    if (hasLasted && !isThere) this.#since.delete(key);
    return hasLasted;
  }
}
