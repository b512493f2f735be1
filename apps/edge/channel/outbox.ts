/** What has to reach the controller though nobody listens now: results of trials and notices, the latest of them. */
import type { EdgeMessage } from '@patronus/protocol';

const capacity = 50;

export class Outbox {
  readonly #send: (message: EdgeMessage) => boolean;
  readonly #waiting: EdgeMessage[] = [];

  /** `send` answers false when there is no connection. */
  constructor(send: (message: EdgeMessage) => boolean) {
    this.#send = send;
  }

  get length(): number {
    return this.#waiting.length;
  }

  say(message: EdgeMessage): void {
    if (this.#waiting.length === 0 && this.#send(message)) return;
    this.#waiting.push(message);
    if (this.#waiting.length > capacity) this.#waiting.shift();
  }

  /** There is a connection: says what waited, in order. */
  flush(): void {
    while (this.#waiting.length > 0 && this.#send(this.#waiting[0]!)) this.#waiting.shift();
  }
}
