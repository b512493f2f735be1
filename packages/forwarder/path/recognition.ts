/**
 * Which application a flow shows itself to be: by what DNS answers told of its address, and by the name in the first packets
 * of TLS and QUIC. What is known of a flow is one application, the most telling one.
 */
import {
  ApplicationSet,
  NO_TICKET,
  type QuicCrypto,
  Recogniser,
  type ServerEnd,
  Verdict,
} from '@patronus/applications';
import { type PacketView, Protocol } from '@patronus/net';
import type { ApplicationTable } from '../tables/applications.ts';
import { NO_APPLICATION } from '../tables/flows.ts';

const DNS_PORT = 53;
const UDP_HEADER = 8;
/** A client's first datagram of QUIC is padded to this (RFC 9000 §14.1): smaller ones need not be opened. */
const LEAST_QUIC = 1_200;
/** Opening one costs some 20 µs: what a flood of them may take is bounded. */
const QUIC_PER_SECOND = 1_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class Recognition {
  /** After `look`: nothing more is to be found out about the flow. */
  isSettled = false;
  readonly #recogniser: Recogniser;
  readonly #applications: ApplicationTable;
  readonly #set = new ApplicationSet();
  /** By entry of the flow table: where the recogniser keeps the beginning of a hello. Made when it is first needed. */
  #tickets = new Float64Array(0);
  readonly #capacity: number;
  readonly #server: Mutable<ServerEnd> = { protocol: 0, port: 0, family: 4, bytes: new Uint8Array(0), offset: 0 };
  /** Number, as the tables have it, of each application of the recogniser. */
  #numbers: readonly number[] = [];
  #allowance = QUIC_PER_SECOND;
  #filledMs = 0;

  /** `capacity`: entries of the flow table. */
  constructor(quic: QuicCrypto, applications: ApplicationTable, capacity: number) {
    this.#recogniser = new Recogniser({ crypto: quic });
    this.#applications = applications;
    this.#capacity = capacity;
  }

  /** The applications of the table have been replaced. */
  follow(): void {
    const { planned } = this.#applications;
    this.#recogniser.configure(
      planned.map(({ id, ports, prefixTexts, names }) => ({ id, name: id, ports, prefixes: prefixTexts, names })),
    );
    this.#numbers = planned.map(({ id }) => this.#applications.numberOf(id));
    if (this.isActive && this.#tickets.length === 0) this.#tickets = new Float64Array(this.#capacity);
  }

  /** Whether any application is known by name, so that packets have to be looked into. */
  get isActive(): boolean {
    return this.#recogniser.wantsNames;
  }

  /** Number of the application at the destination of a flow's first packet, or NO_APPLICATION. */
  first(packet: PacketView, nowMs: number): number {
    const server = this.#server;
    server.protocol = packet.protocol;
    server.port = packet.destinationPort;
    server.family = packet.family;
    server.bytes = packet.bytes;
    server.offset = packet.destinationOffset;
    return this.#numberOf(this.#recogniser.classify(server, nowMs, this.#set));
  }

  /** The entry is another flow's from now on. */
  begin(entry: number): void {
    if (this.#tickets.length > 0) this.#tickets[entry] = NO_TICKET;
  }

  /** Looks into a packet with a payload. Number of the application whose name it shows, or NO_APPLICATION. */
  look(entry: number, packet: PacketView, isReply: boolean, nowMs: number): number {
    const { protocol, bytes, transportOffset, transportLength } = packet;
    this.isSettled = false;
    if (protocol === Protocol.udp && isReply && packet.sourcePort === DNS_PORT) {
      this.#recogniser.learn(bytes, transportOffset + UDP_HEADER, transportLength - UDP_HEADER, nowMs);
      return NO_APPLICATION;
    }
    if (isReply || packet.destinationPort === DNS_PORT) return NO_APPLICATION;
    if (protocol === Protocol.udp && !this.#mayOpen(transportLength, nowMs)) return NO_APPLICATION;
    const ticket = this.#tickets[entry]!;
    const verdict = this.#recogniser.observe(ticket, protocol, bytes, transportOffset, transportLength, this.#set);
    this.#tickets[entry] = this.#recogniser.ticket;
    this.isSettled = verdict !== Verdict.pending;
    return verdict === Verdict.found ? this.#numberOf(this.#recogniser.application) : NO_APPLICATION;
  }

  #mayOpen(length: number, nowMs: number): boolean {
    if (length < LEAST_QUIC + UDP_HEADER) return false;
    const grown = this.#allowance + ((nowMs - this.#filledMs) * QUIC_PER_SECOND) / 1_000;
    this.#allowance = Math.min(QUIC_PER_SECOND, grown);
    this.#filledMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  #numberOf(place: number): number {
    return this.#numbers[place] ?? NO_APPLICATION;
  }
}
