/** What has changed, told to whoever shows or forwards it: live queries, the edges' channel. */
export type Topic = 'network' | 'telemetry' | 'alarms' | 'audit' | 'sessions' | 'configurations' | 'decisions';

export class Changes {
  readonly #listeners = new Set<(topic: Topic) => void>();

  announce(topic: Topic): void {
    for (const listener of this.#listeners) listener(topic);
  }

  /** Returns what ends it. */
  listen(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
