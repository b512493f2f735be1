/**
 * All ways of knowing a flow's applications together, for whoever sees its packets: at its first one by port, by
 * address and by what DNS said of that address; a little later by the name that it asks for itself.
 */
import type { Family } from '@patronus/net';
import type { Application } from './application.ts';
import type { ApplicationSet } from './applicationSet.ts';
import { ApplicationMatcher } from './matcher.ts';
import { AddressNames, type LearntAddress } from './recognise/addressNames.ts';
import { Verdict } from './recognise/clientHello.ts';
import { FlowNames, NO_TICKET } from './recognise/flowNames.ts';
import type { QuicCrypto } from './recognise/quicKeys.ts';

/** The client's end of a flow is whoever sent its first packet; these are of the other end. */
export interface ServerEnd {
  readonly protocol: number;
  readonly port: number;
  readonly family: Family;
  /** The address lies at `offset`. */
  readonly bytes: Uint8Array;
  readonly offset: number;
}

export class Recogniser {
  readonly #names: FlowNames;
  readonly #addresses: AddressNames;
  #matcher: ApplicationMatcher;

  constructor({ crypto, applications = [] }: { crypto: QuicCrypto; applications?: readonly Application[] }) {
    this.#matcher = new ApplicationMatcher(applications);
    this.#names = new FlowNames({ crypto });
    this.#addresses = new AddressNames(this.#matcher);
  }

  /** Numbers are places in this list from now on. */
  configure(applications: readonly Application[]): void {
    this.#matcher = new ApplicationMatcher(applications);
    this.#addresses.follow(this.#matcher);
  }

  get applications(): readonly Application[] {
    return this.#matcher.applications;
  }

  /** Whether names matter: else `observe` and `learn` need not be called. */
  get wantsNames(): boolean {
    return this.#matcher.hasNames;
  }

  /**
   * What a flow's first packet shows: `into` gets its applications. The number of the most telling one (by name before
   * by address before by port), or -1.
   */
  classify(server: ServerEnd, nowMs: number, into: ApplicationSet): number {
    const { family, bytes, offset } = server;
    const byName = this.#addresses.lookup(family, bytes, offset, nowMs);
    const byAddress = this.#matcher.byAddress(family, bytes, offset);
    const byPort = this.#matcher.byPort(server.protocol, server.port);
    into.clear();
    into.add(byName);
    into.add(byAddress);
    into.add(byPort);
    return byName[0] ?? byAddress[0] ?? byPort[0] ?? -1;
  }

  /**
   * The next packet from the client: its transport header and what follows. `pending`: call again with the next one and
   * with what `ticket` is now. `found`: `into` got more applications, and `application` is the most telling one, or -1
   * if the name is nobody's.
   */
  observe(
    ticket: number,
    protocol: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    into: ApplicationSet,
  ): Verdict {
    const verdict = this.#names.observe(ticket, protocol, bytes, offset, length);
    this.ticket = verdict === Verdict.pending ? this.#names.ticket : NO_TICKET;
    if (verdict !== Verdict.found) return verdict;
    const found = this.#matcher.byName(this.#names.name, 0, this.#names.nameLength);
    into.add(found);
    this.application = found[0] ?? -1;
    return verdict;
  }
  ticket = NO_TICKET;
  application = -1;

  forget(protocol: number, ticket: number): void {
    this.#names.forget(protocol, ticket);
  }

  /** A UDP payload from port 53. How many addresses of applications it told of; `told` hears of each. */
  learn(
    bytes: Uint8Array,
    offset: number,
    length: number,
    nowMs: number,
    told?: (address: LearntAddress) => void,
  ): number {
    return this.#addresses.learn(bytes, offset, length, nowMs, told);
  }
}
