/** A route netlink socket: requests with acknowledgement and dumps, each with a bounded wait. */

import { closeDescriptor, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, trySetOption } from '../descriptors.ts';
import { libc } from '../ffi.ts';
import { checked, errorName, LinuxError, lastErrorName } from '../linuxError.ts';
import { addressOf, nativeMemory } from '../memory.ts';
import { POLLIN, PollSet } from '../poll.ts';
import { SOL_SOCKET } from '../udpSocket.ts';
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeMessages,
  messageSize,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  writeMessage,
} from './codec.ts';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOCKADDR_NL_SIZE = 12;
const MSG_TRUNC = 0x20;

/** The kernel fills dumps in pieces of at most 32 KB; notifications are smaller. */
const RECEIVE_BYTES = 65_536;
const RECEIVE_QUEUE_BYTES = 2 * 1024 * 1024;
/** So many requests at once that their answers surely fit into the queue. */
const BATCH = 64;
const DUMP_ATTEMPTS = 5;

export interface NetlinkRequest {
  readonly type: number;
  /** On top of REQUEST and ACK. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** What it does, for the error: `add the route 10.1.0.0/16`. */
  readonly about: string;
}

/** Opens a route netlink socket that belongs to these multicast groups (bit n-1 for group n). */
export function openRouteNetlink(groups: number): { readonly fd: number; readonly port: number } {
  return openNetlink(NETLINK_ROUTE, groups);
}

/** The same for any protocol of netlink. */
export function openNetlink(protocol: number, groups: number): { readonly fd: number; readonly port: number } {
  const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = checked(libc.socket(AF_NETLINK, type, protocol), 'socket', 'open a netlink socket');
  if (!trySetOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_QUEUE_BYTES)) {
    trySetOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_QUEUE_BYTES);
  }
  // Older kernels lack some of these; what they give is comfort only.
  for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
    trySetOption(fd, SOL_NETLINK, option, 1);
  }
  const memory = nativeMemory(SOCKADDR_NL_SIZE + 4);
  memory.view.setUint16(0, AF_NETLINK, true);
  memory.view.setUint32(8, groups, true);
  memory.view.setUint32(SOCKADDR_NL_SIZE, SOCKADDR_NL_SIZE, true);
  try {
    checked(libc.bind(fd, memory.address, SOCKADDR_NL_SIZE), 'bind', 'bind a netlink socket');
    const lengthAddress = memory.address + SOCKADDR_NL_SIZE;
    checked(libc.getsockname(fd, memory.address, lengthAddress), 'getsockname', 'read the port of a netlink socket');
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
  return { fd, port: memory.view.getUint32(4, true) };
}

/** Requests block the caller until the kernel has answered, normally some microseconds. */
export class NetlinkSocket {
  /** Notifications that our own requests cause carry this port. */
  readonly port: number;
  readonly #fd: number;
  readonly #timeoutMs: number;
  readonly #poll = new PollSet(1);
  readonly #received = nativeMemory(RECEIVE_BYTES);
  #sequence = 0;

  constructor(timeoutMs = 5000) {
    const { fd, port } = openRouteNetlink(0);
    this.#fd = fd;
    this.port = port;
    this.#timeoutMs = timeoutMs;
    this.#poll.set(0, fd, POLLIN);
  }

  close(): void {
    closeDescriptor(this.#fd);
  }

  /** Sends one request and waits for its acknowledgement. Throws a LinuxError when the kernel refuses. */
  request(request: NetlinkRequest): void {
    const [error] = this.requestEach([request]);
    if (error !== undefined) throw error;
  }

  /** Sends many requests, each on its own merits; the error of each, or undefined, in the same order. */
  requestEach(requests: readonly NetlinkRequest[]): (LinuxError | undefined)[] {
    const errors: (LinuxError | undefined)[] = [];
    for (let from = 0; from < requests.length; from += BATCH) {
      errors.push(...this.#requestBatch(requests.slice(from, from + BATCH)));
    }
    return errors;
  }

  #requestBatch(requests: readonly NetlinkRequest[]): (LinuxError | undefined)[] {
    const first = this.#sequence + 1;
    this.#send(requests.map(({ type, flags, body }) => ({ type, flags: flags | NLM_F_ACK, body })));
    const errors = new Array<LinuxError | undefined>(requests.length).fill(undefined);
    const deadline = performance.now() + this.#timeoutMs;
    for (let open = requests.length; open > 0; ) {
      for (const message of this.#receive(deadline, requests[0]!.about)) {
        const index = (message.sequence - first) >>> 0;
        const request = requests[index];
        if (request === undefined || message.type !== NLMSG_ERROR) continue;
        open--;
        errors[index] = refusal(decodeAcknowledgement(message), request.about);
      }
    }
    return errors;
  }

  /** Every message the kernel has for this query, bodies copied. A dump that changed while it ran is read again. */
  dump(type: number, body: Uint8Array, about: string): NetlinkMessage[] {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
      const messages = this.#dumpOnce(type, body, about);
      if (messages !== undefined) return messages;
    }
    throw new LinuxError('EAGAIN', 'netlink', about, 'it kept changing while it was read: try again');
  }

  #dumpOnce(type: number, body: Uint8Array, about: string): NetlinkMessage[] | undefined {
    this.#send([{ type, flags: NLM_F_DUMP, body }]);
    const messages: NetlinkMessage[] = [];
    const deadline = performance.now() + this.#timeoutMs;
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(deadline, about)) {
        if (message.sequence !== this.#sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          const error = refusal(decodeAcknowledgement(message), about);
          if (error !== undefined) throw error;
          return interrupted ? undefined : messages;
        }
        messages.push({ ...message, body: message.body.slice() });
      }
    }
  }

  #send(requests: readonly { type: number; flags: number; body: Uint8Array }[]): void {
    const size = requests.reduce((sum, { body }) => sum + messageSize(body), 0);
    const out = new Uint8Array(new ArrayBuffer(size));
    let at = 0;
    for (const { type, flags, body } of requests) {
      this.#sequence = (this.#sequence + 1) >>> 0;
      at = writeMessage(out, at, { type, flags: flags | NLM_F_REQUEST, sequence: this.#sequence, port: 0, body });
    }
    checked(libc.send(this.#fd, addressOf(out), size, 0), 'send', 'ask the kernel over netlink');
  }

  /** Waits for the next datagram; its messages are views that the next receive overwrites. */
  #receive(deadlineMs: number, about: string): NetlinkMessage[] {
    for (;;) {
      const length = libc.recv(this.#fd, this.#received.address, RECEIVE_BYTES, MSG_TRUNC);
      if (length > RECEIVE_BYTES) throw new LinuxError('EMSGSIZE', 'netlink', about, 'an answer was too long');
      if (length >= 0) return decodeMessages(this.#received.bytes.subarray(0, length)) ?? malformed(about);
      const code = lastErrorName();
      if (code !== 'EAGAIN' && code !== 'EINTR') throw new LinuxError(code, 'recv (netlink)', about);
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new LinuxError('ETIMEDOUT', 'netlink', about);
      this.#poll.wait(leftMs * 1e6);
    }
  }
}

function malformed(about: string): never {
  throw new LinuxError('EBADMSG', 'netlink', about, 'the answer was malformed');
}

function refusal(answer: Acknowledgement | undefined, about: string): LinuxError | undefined {
  if (answer === undefined) return new LinuxError('EBADMSG', 'netlink', about, 'the answer was malformed');
  if (answer.errorNumber === 0) return undefined;
  const code = errorName(answer.errorNumber);
  return new LinuxError(code, 'netlink', about, answer.message && `the kernel says: ${answer.message}`);
}
