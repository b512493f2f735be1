/** Questions to the forwarder about its flows, each with its answer, or with word that none came. */
import type { FlowReport, FlowsCommand } from '@patronus/forwarder';
import { EdgeError } from '../errors.ts';

const patienceMs = 1_500;

export class FlowQuestions {
  readonly #ask: (command: FlowsCommand) => void;
  readonly #open = new Map<number, (flows: readonly FlowReport[]) => void>();
  #count = 0;

  constructor(ask: (command: FlowsCommand) => void) {
    this.#ask = ask;
  }

  /** Flows that fit, newest first. Throws an EdgeError when the forwarder does not answer. */
  ask(filter: Omit<FlowsCommand, 'type' | 'id'>): Promise<readonly FlowReport[]> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new EdgeError('NO_ANSWER', 'the forwarder does not answer; it may be starting, ask again'));
      }, patienceMs);
      this.#open.set(id, (flows) => {
        clearTimeout(timer);
        resolve(flows);
      });
      this.#ask({ type: 'flows', id, ...filter });
    });
  }

  answer(id: number, flows: readonly FlowReport[]): void {
    this.#open.get(id)?.(flows);
    this.#open.delete(id);
  }
}
