/** Counts every refusal, and says which of strangers' refusals still go into the audit log. */

/** Strangers' refusals recorded in a minute: enough to see an attack, too few to fill a disk. */
const RECORDED_PER_MINUTE = 120;
const MINUTE_MS = 60_000;

export class Refusals {
  /** By code, since the start. */
  readonly counts = new Map<string, number>();
  #minute = 0;
  #recorded = 0;

  count(code: string): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
  }

  /** Whether one more refusal of someone who is not signed in may be recorded. */
  mayRecord(now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) this.#recorded = 0;
    this.#minute = minute;
    return ++this.#recorded <= RECORDED_PER_MINUTE;
  }
}
