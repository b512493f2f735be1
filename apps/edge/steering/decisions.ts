/** Decisions that the controller has to hear of: bounded while it is away, the oldest go first and are counted. */
import type { DecisionTelemetry, EdgeMessage } from '@patronus/protocol';
import type { Decision } from '@patronus/steering';

const KEPT = 1_000;
/** Of `decisions` in the channel's protocol. */
const AT_ONCE = 200;

/** As the controller is told: `now` is one moment by both clocks. */
export function tellDecision(
  decision: Decision,
  now: { readonly wallMs: number; readonly monotonicMs: number },
): DecisionTelemetry {
  const { atMs, chosen, previous, candidates, ...rest } = decision;
  return {
    ...rest,
    wallMs: Math.round(now.wallMs - (now.monotonicMs - atMs)),
    chosen: [...chosen],
    previous: [...previous],
    candidates: candidates.slice(0, 256).map((candidate) => ({ ...candidate })),
  };
}

export class DecisionBox {
  readonly #send: (message: EdgeMessage) => boolean;
  #waiting: DecisionTelemetry[] = [];
  #lost = 0;

  /** `send` answers false when there is no connection. */
  constructor(send: (message: EdgeMessage) => boolean) {
    this.#send = send;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** How many went because there was no room; told with the next that are sent. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Of those on disk, what came after the latest that the controller knows of waits again: told by a run before this one, or
   * lost with its connection. The controller keeps one that it gets twice once.
   */
  recall(kept: readonly DecisionTelemetry[], knownNumber: number): void {
    const byNumber = new Map<number, DecisionTelemetry>();
    for (const decision of kept) if (decision.number > knownNumber) byNumber.set(decision.number, decision);
    for (const decision of this.#waiting) byNumber.set(decision.number, decision);
    this.#waiting = [...byNumber.values()].sort((one, other) => one.number - other.number).slice(-KEPT);
  }

  say(decisions: readonly DecisionTelemetry[]): void {
    this.#waiting.push(...decisions);
    this.flush();
    const tooMany = this.#waiting.length - KEPT;
    if (tooMany <= 0) return;
    this.#waiting.splice(0, tooMany);
    this.#lost += tooMany;
  }

  flush(): void {
    while (this.#waiting.length > 0) {
      const decisions = this.#waiting.slice(0, AT_ONCE);
      if (!this.#send({ type: 'decisions', decisions, lost: this.#lost })) return;
      this.#waiting.splice(0, decisions.length);
      this.#lost = 0;
    }
  }
}
