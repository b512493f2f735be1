/** BFD in UDP: one hop (RFC 5881 §4, §5), or several (RFC 5883 §5). */
export const CONTROL_PORT = 3784;
export const ECHO_PORT = 3785;
export const MULTIHOP_PORT = 4784;

/** TTL or hop limit of what is sent; on one hop also of all that is believed: nobody further away can make it (RFC 5082). */
export const HOP_LIMIT = 255;

export const FIRST_SOURCE_PORT = 49_152;
export const LAST_SOURCE_PORT = 65_535;
const PORTS = LAST_SOURCE_PORT - FIRST_SOURCE_PORT + 1;

/** Source ports: each session keeps one of its own (RFC 5881 §4). */
export class SourcePorts {
  readonly #taken = new Set<number>();
  readonly #random32: () => number;

  constructor(random32: () => number) {
    this.#random32 = random32;
  }

  /** A port that no session has; with more sessions than ports (§4 allows it then) one that several share. */
  take(): number {
    const start = this.#random32() % PORTS;
    for (let step = 0; step < PORTS; step++) {
      const port = FIRST_SOURCE_PORT + ((start + step) % PORTS);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      return port;
    }
    return FIRST_SOURCE_PORT + start;
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}
