/**
 * Live queries: a subscription runs the query it mirrors, first at once, then whenever something it may show has
 * changed, at most twice a second, and sends the answer when it differs from the last one. Clients that ask the same
 * share one execution.
 */
import { GraphQLError } from 'graphql';
import type { Core } from '../core.ts';
import type { Topic } from '../services/changes.ts';
import type { GraphContext } from './builder.ts';
import { answerOf, type ShownResult } from './errors.ts';
import type { Prepared } from './execute.ts';

const INTERVAL_MS = 500;

/** What may change an answer; a root field that is not named depends on all but the audit log and the ledger. */
const topicsOf: Readonly<Record<string, readonly Topic[]>> = {
  auditLog: ['audit'],
  decisions: ['network', 'decisions'],
  decision: ['network', 'decisions'],
  explain: ['network', 'telemetry', 'decisions'],
};
const defaultTopics: readonly Topic[] = ['network', 'telemetry', 'alarms', 'configurations'];

type Listener = (result: ShownResult) => void;

class SharedQuery {
  readonly #listeners = new Set<Listener>();
  readonly #run: () => Promise<ShownResult>;
  readonly #onEmpty: () => void;
  readonly #stop: () => void;
  #last: { text: string; result: ShownResult } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isDirty = false;
  #nextAt = 0;

  constructor(core: Core, topics: ReadonlySet<Topic>, run: () => Promise<ShownResult>, onEmpty: () => void) {
    this.#run = run;
    this.#onEmpty = onEmpty;
    this.#stop = core.changes.listen((topic) => {
      if (topics.has(topic)) this.#touch();
    });
  }

  add(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#last !== undefined) listener(this.#last.result);
    else this.#touch();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop();
      clearTimeout(this.#timer);
      this.#onEmpty();
    };
  }

  #touch(): void {
    this.#isDirty = true;
    if (this.#isRunning || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#refresh(), Math.max(0, this.#nextAt - performance.now()));
  }

  async #refresh(): Promise<void> {
    this.#timer = undefined;
    this.#isDirty = false;
    this.#isRunning = true;
    this.#nextAt = performance.now() + INTERVAL_MS;
    const result = await this.#run();
    this.#isRunning = false;
    const text = JSON.stringify(result);
    if (text !== this.#last?.text) {
      this.#last = { text, result };
      for (const listener of [...this.#listeners]) listener(result);
    }
    if (this.#isDirty && this.#listeners.size > 0) this.#touch();
  }
}

export class LiveQueries {
  readonly #shared = new Map<string, SharedQuery>();

  /** Starts or joins; returns what ends it. */
  subscribe(
    query: string,
    prepared: Prepared,
    variables: Record<string, unknown> | undefined,
    context: GraphContext,
    listener: Listener,
  ): () => void {
    const { core, caller } = context;
    // Reading depends on the role alone, so that is the permission scope to share within.
    const key = JSON.stringify([caller.actor.role, query, variables ?? {}]);
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const topics = new Set([...prepared.roots].flatMap((root) => topicsOf[root] ?? defaultTopics));
      const run = async () => answerOf(await runSafely(prepared, context, variables), core.log).body;
      shared = new SharedQuery(core, topics, run, () => this.#shared.delete(key));
      this.#shared.set(key, shared);
    }
    return shared.add(listener);
  }

  /** Distinct queries that run now. */
  get size(): number {
    return this.#shared.size;
  }
}

async function runSafely(prepared: Prepared, context: GraphContext, variables: Record<string, unknown> | undefined) {
  try {
    return await prepared.run(context, variables);
  } catch (cause) {
    return { errors: [new GraphQLError('failed', { originalError: cause as Error })] };
  }
}
