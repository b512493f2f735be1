/**
 * One end of a session that costs next to nothing: it says OPEN, sends bytes that were encoded before, and counts what it
 * is told. Keepalives that arrive late are noted.
 */
import { Socket } from 'node:net';
import { encodeOpen, IPV4_UNICAST, KEEPALIVE, MessageType } from '@patronus/bgp';

export interface EndpointOptions {
  readonly local: string;
  readonly remote: string;
  readonly as: number;
  readonly identifier: number;
  readonly holdTimeS: number;
}

/** Bytes given to the socket at once, to the end of a message: keepalives go in between. */
const PIECE = 1 << 18;

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #socket = new Socket();
  #held: Buffer = Buffer.alloc(0);
  #established: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  #keepalive: NodeJS.Timeout | undefined;
  #lastKeepaliveMs = 0;
  /** Longest time between two messages of the peer, ms. */
  longestSilenceMs = 0;
  /** IPv4 prefixes that it was told of, and that were taken back. */
  announced = 0;
  withdrawn = 0;
  isClosed = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#failed?.(error));
    this.#socket.on('close', () => {
      this.isClosed = true;
      clearInterval(this.#keepalive);
      this.#failed?.(new Error('the connection was closed'));
    });
  }

  /** Resolves once the session is Established. */
  async connect(): Promise<void> {
    const { local, remote, as, identifier, holdTimeS } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#established = resolve;
      this.#failed = reject;
      this.#socket.connect({ host: remote, port: 179, localAddress: local }, () => {
        const capabilities = [{ code: 1, family: IPV4_UNICAST }, { code: 2 }, { code: 65, as }] as const;
        this.#socket.write(encodeOpen({ as, holdTime: holdTimeS, identifier, capabilities }));
      });
    });
    this.#failed = undefined;
    this.#lastKeepaliveMs = performance.now();
    this.longestSilenceMs = 0;
  }

  /** Resolves when the kernel has taken all of it. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0, end = 0; at < bytes.length; at = end) {
      while (end < bytes.length && end - at < PIECE) end += (bytes[end + 16]! << 8) | bytes[end + 17]!;
      if (!this.#socket.write(bytes.subarray(at, end)))
        await new Promise((resolve) => this.#socket.once('drain', resolve));
      if (this.isClosed) throw new Error('the peer closed the session while it was sent routes');
    }
  }

  /** Back to zero, before something is counted. */
  reset(): void {
    this.announced = 0;
    this.withdrawn = 0;
    this.longestSilenceMs = 0;
    this.#lastKeepaliveMs = performance.now();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    let held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (held.length >= 19) {
      const length = held.readUInt16BE(16);
      if (held.length < length) break;
      this.#message(held[18]!, held, length);
      held = held.subarray(length);
    }
    this.#held = held;
  }

  #message(type: number, bytes: Buffer, length: number): void {
    if (type === MessageType.open) {
      this.#socket.write(KEEPALIVE);
      this.#keepalive = setInterval(() => this.#socket.write(KEEPALIVE), (1_000 * this.#options.holdTimeS) / 3);
    } else if (type === MessageType.keepalive) {
      const now = performance.now();
      if (this.#lastKeepaliveMs > 0) {
        this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.#lastKeepaliveMs);
      }
      this.#lastKeepaliveMs = now;
      this.#established?.();
    } else if (type === MessageType.update) this.#count(bytes, length);
    else if (type === MessageType.notification) {
      this.#failed?.(new Error(`NOTIFICATION ${bytes[19]}/${bytes[20]}`));
    }
  }

  #count(bytes: Buffer, length: number): void {
    const withdrawn = bytes.readUInt16BE(19);
    const attributes = bytes.readUInt16BE(21 + withdrawn);
    this.withdrawn += prefixesIn(bytes, 21, 21 + withdrawn);
    this.announced += prefixesIn(bytes, 23 + withdrawn + attributes, length);
  }
}

function prefixesIn(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1 + ((bytes[at]! + 7) >>> 3)) count += 1;
  return count;
}
