/**
 * Packets that a rule of nftables logs to a group (`log group N`): copies, for whoever wants to look at a few; the
 * packets themselves go on. The owner is told when there are any, and calls `drain`.
 */
import { closeDescriptor } from '../descriptors.ts';
import { libc } from '../ffi.ts';
import { checked, LinuxError, lastErrorName } from '../linuxError.ts';
import { addressOf, nativeMemory } from '../memory.ts';
import {
  decodeAcknowledgement,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  NetlinkBody,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_ERROR,
} from './codec.ts';
import { openNetlink } from './socket.ts';

const NETLINK_NETFILTER = 12;
/** Subsystem NFNL_SUBSYS_ULOG (4) in the upper byte. */
const NFULNL_MSG_PACKET = 0x0400;
const NFULNL_MSG_CONFIG = 0x0401;
const NFULA_CFG_CMD = 1;
const NFULA_CFG_MODE = 2;
const NFULA_CFG_QTHRESH = 5;
const NFULNL_CFG_CMD_BIND = 1;
const NFULNL_COPY_PACKET = 2;
const NFULA_PAYLOAD = 9;
/** `struct nfgenmsg`: family, version, and the group in network order. */
const GENERIC_HEADER = 4;

const F_SETFL = 4;
const F_SETOWN = 8;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;
const BUFFER_BYTES = 65_536;
/** A flood must not hold the owner for ever; the rest comes with the next turn. */
const MOST_READS = 64;

export class NetfilterLog {
  readonly #fd = openNetlink(NETLINK_NETFILTER, 0).fd;
  readonly #memory = nativeMemory(BUFFER_BYTES);
  readonly #onSignal: () => void;

  /** `group`: nobody else's. Throws a LinuxError where the kernel has no such log, or the group is taken. */
  constructor(group: number, longestPacket: number, onNews: () => void) {
    this.#onSignal = onNews;
    process.on('SIGIO', this.#onSignal);
    try {
      checked(libc.fcntl(this.#fd, F_SETOWN, process.pid), 'fcntl (F_SETOWN)', 'be told of logged packets');
      this.#configure(group, NFULA_CFG_CMD, Uint8Array.of(NFULNL_CFG_CMD_BIND));
      const mode = new Uint8Array(6);
      new DataView(mode.buffer).setUint32(0, longestPacket);
      mode[4] = NFULNL_COPY_PACKET;
      this.#configure(group, NFULA_CFG_MODE, mode);
      // Each by itself and at once: else the kernel gathers them for a second.
      this.#configure(group, NFULA_CFG_QTHRESH, Uint8Array.of(0, 0, 0, 1));
      checked(libc.fcntl(this.#fd, F_SETFL, O_NONBLOCK | O_ASYNC), 'fcntl (F_SETFL)', 'be told of logged packets');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Calls `take` with each IP packet; a view that is good during the call. */
  drain(take: (packet: Uint8Array) => void): void {
    for (let reads = 0; reads < MOST_READS; reads++) {
      const length = libc.recv(this.#fd, this.#memory.address, BUFFER_BYTES, 0);
      if (length < 0) {
        const code = lastErrorName();
        if (code === 'EAGAIN') return;
        // ENOBUFS: some were lost, as copies may be.
        if (code !== 'EINTR' && code !== 'ENOBUFS') throw new LinuxError(code, 'recv (netlink)', 'read logged packets');
        continue;
      }
      for (const { type, body } of decodeMessages(this.#memory.bytes.subarray(0, length)) ?? []) {
        if (type !== NFULNL_MSG_PACKET || body.length < GENERIC_HEADER) continue;
        const payload = decodeAttributes(body, GENERIC_HEADER)?.get(NFULA_PAYLOAD);
        if (payload !== undefined) take(payload);
      }
    }
  }

  close(): void {
    process.off('SIGIO', this.#onSignal);
    closeDescriptor(this.#fd);
  }

  /** The kernel answers before `send` returns. */
  #configure(group: number, attribute: number, value: Uint8Array): void {
    const body = new NetlinkBody()
      .u8(0)
      .u8(0)
      .u8(group >>> 8)
      .u8(group & 0xff)
      .attribute(attribute, value)
      .bytes();
    const flags = NLM_F_REQUEST | NLM_F_ACK;
    const message = encodeMessage({ type: NFULNL_MSG_CONFIG, flags, sequence: 1, port: 0, body });
    checked(libc.send(this.#fd, addressOf(message), message.length, 0), 'send', 'ask for logged packets');
    const length = checked(
      libc.recv(this.#fd, this.#memory.address, BUFFER_BYTES, 0),
      'recv',
      'ask for logged packets',
    );
    for (const answer of decodeMessages(this.#memory.bytes.subarray(0, length)) ?? []) {
      const refusal = answer.type === NLMSG_ERROR ? decodeAcknowledgement(answer) : undefined;
      if (refusal !== undefined && refusal.errorNumber !== 0) {
        const hint =
          'names of applications are not seen; load nfnetlink_log, or end the other program that uses the group';
        throw new LinuxError(String(refusal.errorNumber), 'netlink', `take log group ${group}`, hint);
      }
    }
  }
}
