/**
 * What an edge does again and again, on one timer: things of equal interval are done in the same turn, so that an idle
 * machine is woken once for all of them and not for each.
 */
interface Task {
  readonly intervalMs: number;
  readonly work: () => void;
  dueMs: number;
}

export class Pulse {
  readonly #onFailure: (error: unknown) => void;
  readonly #tasks = new Map<string, Task>();
  #timer: NodeJS.Timeout | undefined;

  /** `onFailure`: a failure in one turn is told and does not stop the next. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Does `work` every `intervalMs` from now on, instead of what went by this name before. */
  every(name: string, intervalMs: number, work: () => void): void {
    if (this.#tasks.get(name)?.intervalMs === intervalMs) return;
    this.#tasks.set(name, { intervalMs, work, dueMs: performance.now() + intervalMs });
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#tasks.clear();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#tasks.values()].map(({ dueMs }) => dueMs));
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.#beat(), Math.max(1, next - performance.now()));
  }

  #beat(): void {
    const now = performance.now();
    for (const task of this.#tasks.values()) {
      // What would be due within a tenth of its interval is done now, and from then on together with the others.
      if (now < task.dueMs - task.intervalMs / 10) continue;
      task.dueMs = now + task.intervalMs;
      try {
        task.work();
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#arm();
  }
}
