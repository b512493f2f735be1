/**
 * The end of a frame socket that lives in a Node event loop (the edge process): Node reads, frames with descriptors
 * are sent aside of it. Descriptors towards this end are not taken: Node's own reading drops them.
 */

import { Socket } from 'node:net';
import { FrameSender } from './fdPassing.ts';
import { FrameAssembler } from './frames.ts';

/** Node doesn't tell when a socket it isn't writing to becomes writable, so a full one is tried again this often. */
const RETRY_MS = 5;

export interface FrameChannelEvents {
  readonly onFrame: (payload: Uint8Array<ArrayBuffer>) => void;
  /** Once, when the other end is gone or the channel was closed. The descriptor is closed by then. */
  readonly onClose: () => void;
}

export class FrameChannel {
  readonly #socket: Socket;
  readonly #sender: FrameSender;
  readonly #assembler = new FrameAssembler();
  readonly #events: FrameChannelEvents;
  #retry: NodeJS.Timeout | undefined;

  /** Takes the descriptor over. */
  constructor(fd: number, events: FrameChannelEvents) {
    this.#events = events;
    this.#sender = new FrameSender(fd);
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on('data', (bytes) => this.#take(bytes));
    // A reset is how a killed process says good-bye: `close` follows and tells the owner.
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => {
      clearTimeout(this.#retry);
      events.onClose();
    });
  }

  /** Bytes that the other end has not taken yet. */
  get queuedBytes(): number {
    return this.#sender.queuedBytes;
  }

  /** Sends a frame, in order; false when the other end is gone. Descriptors must stay open until `queuedBytes` is 0. */
  send(payload: Uint8Array, descriptors: readonly number[] = []): boolean {
    if (this.#socket.destroyed) return false;
    return this.#settle(this.#sender.send(payload, descriptors));
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(state: 'sent' | 'waiting' | 'closed'): boolean {
    if (state === 'waiting' && this.#retry === undefined) {
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        if (!this.#socket.destroyed) this.#settle(this.#sender.flush());
      }, RETRY_MS);
    }
    if (state === 'closed') this.#socket.destroy();
    return state !== 'closed';
  }

  #take(bytes: Uint8Array): void {
    this.#assembler.push(bytes);
    for (let frame = this.#assembler.next(); frame !== undefined; frame = this.#assembler.next()) {
      this.#events.onFrame(frame.payload);
    }
    if (this.#assembler.broken) this.#socket.destroy();
  }
}
