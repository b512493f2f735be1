/** Tunnels whose BFD session goes down again and again. */
import type { Network } from '../network/network.ts';
import type { Live } from './live.ts';

const WINDOW_MS = 10 * 60_000;
/** So many downs within the window are flapping. */
const DOWNS = 3;

interface Step {
  readonly at: number;
  readonly downs: number;
}

export class Flapping {
  /** By tunnel and edge: when its count of downs changed, oldest first; the first is from before the window. */
  readonly #steps = new Map<string, Step[]>();

  look(network: Network, live: Live, now: number): void {
    for (const plan of network.tunnels.values()) {
      const view = live.tunnel(plan);
      for (const side of ['a', 'b'] as const) {
        const downs = view[side].bfd?.downs;
        if (downs !== undefined) this.#note(`${plan.id} ${plan[side].edgeId}`, { at: now, downs });
      }
    }
    for (const [key, steps] of this.#steps) {
      if (!network.tunnels.has(key.split(' ')[0]!)) this.#steps.delete(key);
      while (steps.length > 1 && steps[1]!.at <= now - WINDOW_MS) steps.shift();
    }
  }

  flapping(): { readonly tunnelId: string; readonly edgeId: string; readonly downs: number }[] {
    return [...this.#steps].flatMap(([key, steps]) => {
      const downs = steps.at(-1)!.downs - steps[0]!.downs;
      const [tunnelId, edgeId] = key.split(' ') as [string, string];
      return downs >= DOWNS ? [{ tunnelId, edgeId, downs }] : [];
    });
  }

  #note(key: string, step: Step): void {
    const steps = this.#steps.get(key);
    // A count that went back is of a session that was made anew.
    if (steps === undefined || step.downs < steps.at(-1)!.downs) this.#steps.set(key, [step]);
    else if (step.downs > steps.at(-1)!.downs) steps.push(step);
  }
}
