/**
 * The decisions of this edge, the latest thousand, in memory, compressed, and on disk: a file of JSON lines that is appended
 * to and now and then written anew, so that numbers go on after a restart.
 */
import { appendFileSync, chmodSync } from 'node:fs';
import { type DecisionTelemetry, decisionSchema } from '@patronus/protocol';
import { EdgeError, messageOf } from '../errors.ts';
import { readWhole, writeWhole } from '../state/files.ts';
import { Archive } from './archive.ts';

const KEPT = 1_000;
/** Compressed, room for a thousand among some thirty candidates each; among very many for the latest of them. */
const KEPT_BYTES = 512 * 1024;
const CHAPTER = 50;

export class Ledger {
  readonly #path: string;
  readonly #archive = new Archive(KEPT_BYTES);
  #written = 0;
  #lastNumber = 0;
  #linesOnDisk: number;

  /** Reads what is there. Lines that a crash cut off or that mean nothing are passed over. */
  constructor(path: string) {
    this.#path = path;
    const lines = (readWhole(path) ?? '').split('\n').filter((line) => line !== '');
    this.#linesOnDisk = lines.length;
    this.#remember(lines.flatMap(parse).slice(-KEPT));
  }

  /** Oldest first. */
  get decisions(): readonly DecisionTelemetry[] {
    return this.last(KEPT);
  }

  /** The highest number there is; 0: none. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** The latest so many, oldest first. */
  last(count: number): readonly DecisionTelemetry[] {
    const found: DecisionTelemetry[] = [];
    for (const decisions of this.#newestFirst()) {
      found.unshift(...decisions);
      if (found.length >= count) break;
    }
    return found.slice(-count);
  }

  /** The latest about a group; undefined: none that is kept. */
  latest(treatment: string, edgeId: string): DecisionTelemetry | undefined {
    for (const decisions of this.#newestFirst()) {
      const found = decisions.findLast((one) => one.treatment === treatment && one.edgeId === edgeId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Remembers them, also when the disk is full, which it throws. A power cut may cost the last ones. */
  add(decisions: readonly DecisionTelemetry[]): void {
    this.#remember(decisions);
    try {
      if (this.#linesOnDisk + decisions.length > 2 * KEPT) {
        const kept = this.decisions;
        writeWhole(this.#path, asLines(kept));
        this.#linesOnDisk = kept.length;
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

  #remember(decisions: readonly DecisionTelemetry[]): void {
    for (const decision of decisions) {
      if (this.#written++ % CHAPTER === 0 || this.#archive.chapters.length === 0) this.#archive.begin(decision.number);
      this.#archive.write(JSON.stringify(decision));
      this.#lastNumber = Math.max(this.#lastNumber, decision.number);
    }
  }

  /** Some at a time, in the order in which they were made. */
  *#newestFirst(): Generator<DecisionTelemetry[]> {
    for (const chapter of this.#archive.chapters.toReversed())
      yield this.#archive.linesOf(chapter).map((line): DecisionTelemetry => JSON.parse(line));
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
