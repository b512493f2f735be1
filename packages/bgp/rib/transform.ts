/**
 * What becomes of a set of attributes when it passes a set of rules: worked out once for each set, remembered by its
 * number. The memory holds no references: an answer counts as long as neither number has come to mean something else.
 */
import type { ByteSets } from './byteSets.ts';
import { grown, LEAST } from './columns.ts';

/** What is answered instead of a number where the rules let nothing pass. */
export const REJECTED = 0;

const UNKNOWN = 0;
const NOTHING_PASSES = 0xffff_ffff;

export class Transform {
  readonly #from: ByteSets;
  readonly #to: ByteSets;
  readonly #compute: (id: number) => number;
  #answers = new Uint32Array(LEAST);
  #fromGenerations = new Uint32Array(LEAST);
  #toGenerations = new Uint32Array(LEAST);

  /** `compute` answers a number of `to`, or `REJECTED`. */
  constructor(from: ByteSets, to: ByteSets, compute: (id: number) => number) {
    this.#from = from;
    this.#to = to;
    this.#compute = compute;
  }

  of(id: number): number {
    if (id >= this.#answers.length) this.#grow();
    const generation = this.#from.generationOf(id);
    const known = this.#answers[id]!;
    if (known !== UNKNOWN && this.#fromGenerations[id] === generation) {
      if (known === NOTHING_PASSES) return REJECTED;
      if (this.#to.generationOf(known) === this.#toGenerations[id]) return known;
    }
    const answer = this.#compute(id);
    this.#answers[id] = answer === REJECTED ? NOTHING_PASSES : answer;
    this.#fromGenerations[id] = generation;
    if (answer !== REJECTED) this.#toGenerations[id] = this.#to.generationOf(answer);
    return answer;
  }

  /** The rules have changed. */
  forget(): void {
    this.#answers.fill(UNKNOWN);
  }

  #grow(): void {
    const capacity = this.#from.capacity;
    this.#answers = grown(this.#answers, capacity);
    this.#fromGenerations = grown(this.#fromGenerations, capacity);
    this.#toGenerations = grown(this.#toGenerations, capacity);
  }
}
