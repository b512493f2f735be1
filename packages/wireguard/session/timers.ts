/** The timers of a peer. What each does when it expires is the table in peer.ts. */
export const Timer = {
  /** Something asked for a handshake; it starts at the next tick. */
  initiate: 0,
  /** The last initiation was not answered in REKEY_TIMEOUT and a bit. */
  retransmitHandshake: 1,
  /** We received data and sent nothing for KEEPALIVE_TIMEOUT: the other end must see that we live (passive keepalive). */
  sendKeepalive: 2,
  /** We sent data and heard nothing for KEEPALIVE_TIMEOUT + REKEY_TIMEOUT: the session may be dead. */
  newHandshake: 3,
  /** No new session for three times REJECT_AFTER_TIME: forget all keys. */
  zeroKeyMaterial: 4,
  persistentKeepalive: 5,
  /** What was under way on sessions that fell out has come. */
  dismissLate: 6,
} as const;
export type Timer = (typeof Timer)[keyof typeof Timer];

const COUNT = 7;
const NEVER = Number.POSITIVE_INFINITY;

/** When each timer expires, in milliseconds of the owner's clock. Setting one allocates nothing. */
export class Timers {
  readonly #at = new Float64Array(COUNT).fill(NEVER);
  readonly #wake: (at: number) => void;

  /** `wake` hears of every time set, so that the owner knows its next deadline without asking all peers. */
  constructor(wake: (at: number) => void) {
    this.#wake = wake;
  }

  set(timer: Timer, at: number): void {
    this.#at[timer] = at;
    this.#wake(at);
  }

  setUnlessPending(timer: Timer, at: number): void {
    if (this.#at[timer] === NEVER) this.set(timer, at);
  }

  clear(timer: Timer): void {
    this.#at[timer] = NEVER;
  }

  clearAll(): void {
    this.#at.fill(NEVER);
  }

  isPending(timer: Timer): boolean {
    return this.#at[timer] !== NEVER;
  }

  /** Stops the timer and says whether it had expired. */
  takeExpired(timer: Timer, now: number): boolean {
    if (this.#at[timer]! > now) return false;
    this.#at[timer] = NEVER;
    return true;
  }

  /** When the next one expires; Infinity if none is set. */
  get deadline(): number {
    let earliest = NEVER;
    for (const at of this.#at) if (at < earliest) earliest = at;
    return earliest;
  }
}
