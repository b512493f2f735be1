/**
 * The decisions of this edge, the latest thousand, in memory and on disk: a file of JSON lines that is appended to and
 * now and then written anew, so that numbers go on after a restart.
 */
import { appendFileSync, chmodSync } from 'node:fs';
import { type DecisionTelemetry, decisionSchema } from '@patronus/protocol';
import { EdgeError, messageOf } from '../errors.ts';
import { readWhole, writeWhole } from '../state/files.ts';

const KEPT = 1_000;

export class Ledger {
  readonly #path: string;
  #decisions: DecisionTelemetry[];
  #linesOnDisk: number;

  /** Reads what is there. Lines that a crash cut off or that mean nothing are passed over. */
  constructor(path: string) {
    this.#path = path;
    const lines = (readWhole(path) ?? '').split('\n').filter((line) => line !== '');
    this.#linesOnDisk = lines.length;
    this.#decisions = lines.flatMap(parse).slice(-KEPT);
  }

  /** Oldest first. */
  get decisions(): readonly DecisionTelemetry[] {
    return this.#decisions;
  }

  /** The highest number there is; 0: none. */
  get lastNumber(): number {
    return this.#decisions.reduce((highest, { number }) => Math.max(highest, number), 0);
  }

  /** The latest about a group; undefined: none that is kept. */
  latest(treatment: string, edgeId: string): DecisionTelemetry | undefined {
    return this.#decisions.findLast((one) => one.treatment === treatment && one.edgeId === edgeId);
  }

  /** Remembers them, also when the disk is full, which it throws. A power cut may cost the last ones. */
  add(decisions: readonly DecisionTelemetry[]): void {
    this.#decisions = [...this.#decisions, ...decisions].slice(-KEPT);
    try {
      if (this.#linesOnDisk + decisions.length > 2 * KEPT) {
        writeWhole(this.#path, asLines(this.#decisions));
        this.#linesOnDisk = this.#decisions.length;
        return;
      }
      appendFileSync(this.#path, asLines(decisions), { mode: 0o600 });
      if (this.#linesOnDisk === 0) chmodSync(this.#path, 0o600);
      this.#linesOnDisk += decisions.length;
    } catch (error) {
      if (error instanceof EdgeError) throw error;
      throw new EdgeError(
        'STATE_NOT_WRITABLE',
        `${this.#path} cannot be written (${messageOf(error)}); check space and rights`,
      );
    }
  }
}

function asLines(decisions: readonly DecisionTelemetry[]): string {
  return decisions.map((decision) => `${JSON.stringify(decision)}\n`).join('');
}

function parse(line: string): DecisionTelemetry[] {
  try {
    const decision = decisionSchema.safeParse(JSON.parse(line));
    return decision.success ? [decision.data] : [];
  } catch {
    return [];
  }
}
