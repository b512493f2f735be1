/**
 * Which policy a packet belongs to: its flow's. Policies are asked once, about the first packet of a flow; both directions
 * share the answer, so what answers an allowed question passes although nobody may ask the other way round. Later
 * fragments follow their first one, ICMP errors the flow that they are about.
 *
 * A flow is asked about again when the configuration changed, when it shows a name, and when a connection is opened from
 * the other end of a flow that is known.
 */
import { PacketView, Protocol } from '@patronus/net';
import { type FlowTable, NO_APPLICATION, NO_ENTRY } from '../tables/flows.ts';
import { FragmentTable } from '../tables/fragments.ts';
import { freshFacts, NO_POLICY, type Policy, type PolicyTable } from '../tables/policies.ts';
import { isIcmpError, readQuoted } from './quoted.ts';
import type { Recognition } from './recognition.ts';

/** Packets with a payload that are looked into for a name: a hello of QUIC takes four at most. */
const INSPECTED = 4;
const DNS_PORT = 53;
const TCP_OFFSET = 12;
const TCP_FLAGS = 13;
const SYN = 0x02;
const ACK = 0x10;
const UDP_HEADER = 8;

export interface ClassifierParts {
  readonly flows: FlowTable;
  readonly policies: PolicyTable;
  readonly recognition: Recognition;
  readonly seed: number;
}

export class Classifier {
  /** Of the packet last classified: its policy; where the flow table has its flow (or NO_ENTRY), and which way it goes. */
  policy: Policy;
  policyNumber = NO_POLICY;
  entry = NO_ENTRY;
  order: 0 | 1 = 0;
  /** 0…63: its place in groups that balance. */
  bucket = 0;
  readonly #flows: FlowTable;
  readonly #policies: PolicyTable;
  readonly #recognition: Recognition;
  readonly #fragments: FragmentTable;
  readonly #quoted = new PacketView();
  readonly #facts = freshFacts();

  constructor({ flows, policies, recognition, seed }: ClassifierParts) {
    this.#flows = flows;
    this.#policies = policies;
    this.#recognition = recognition;
    this.#fragments = new FragmentTable(seed);
    this.policy = policies.at(NO_POLICY);
  }

  /** Whether more packets of the flow of the packet last classified would be answered the same: its policy is no guess. */
  get isSettled(): boolean {
    return this.entry !== NO_ENTRY && this.#flows.inspections[this.entry] === 0;
  }

  /** Finds the packet's policy; what came of it is in the fields. */
  classify(segment: number, packet: PacketView, now: number): void {
    if (packet.isLaterFragment) this.#laterFragment(segment, packet, now);
    else if (!isIcmpError(packet) || !this.#follow(segment, packet, now)) this.#flow(segment, packet, now);
  }

  #flow(segment: number, packet: PacketView, now: number): void {
    const flows = this.#flows;
    let entry = flows.lookup(segment, packet, now);
    this.order = flows.order;
    if (entry === NO_ENTRY) entry = this.#begin(segment, packet, now);
    else {
      if (!flows.isJudged(entry)) this.#judge(entry, segment, packet, this.order);
      if (opensConnection(packet)) entry = this.#open(entry, segment, packet, now);
      if (entry === NO_ENTRY) return;
    }
    if (flows.inspections[entry] !== 0) this.#inspect(entry, segment, packet, now);
    if (packet.isFragment) {
      this.#fragments.remember(segment, packet, entry, flows.stamps[entry]!, this.order, now);
    }
    this.#use(entry);
  }

  #use(entry: number): void {
    this.entry = entry;
    this.bucket = this.#flows.buckets[entry]!;
    this.#usePolicy(this.#flows.policies[entry]!);
  }

  #usePolicy(number: number): void {
    this.policyNumber = number;
    this.policy = this.#policies.at(number);
  }

  /** The first packet of a flow. */
  #begin(segment: number, packet: PacketView, now: number): number {
    const { isActive } = this.#recognition;
    const application = isActive ? this.#recognition.first(packet, now) : NO_APPLICATION;
    const found = this.#findFirst(segment, packet, application);
    const entry = this.#flows.remember(packet.trafficClass >>> 2, isActive ? INSPECTED : 0, now);
    this.#recognition.begin(entry);
    this.#flows.applications[entry] = application;
    this.#assign(entry, found);
    return entry;
  }

  #findFirst(segment: number, packet: PacketView, application: number): number {
    const facts = this.#facts;
    facts.isReply = false;
    facts.codePoint = packet.trafficClass >>> 2;
    facts.application = application;
    return this.#policies.find(segment, packet, facts);
  }

  /** A SYN on a known flow: the same conversation anew, or another one that the far end begins, judged by itself. */
  #open(entry: number, segment: number, packet: PacketView, now: number): number {
    const flows = this.#flows;
    if (this.order === flows.initiators[entry]) {
      this.#recognition.begin(entry);
      if (this.#recognition.isActive) flows.inspections[entry] = INSPECTED;
      return entry;
    }
    const number = this.#findFirst(segment, packet, NO_APPLICATION);
    // Refused without a trace: it may not end what the other side has begun.
    if (this.#policies.at(number).isDenied) {
      this.entry = NO_ENTRY;
      this.bucket = flows.buckets[entry]!;
      this.#usePolicy(number);
      return NO_ENTRY;
    }
    return this.#begin(segment, packet, now);
  }

  /** The configuration changed: asks again about the flow that was begun then. */
  #judge(entry: number, segment: number, packet: PacketView, order: number): void {
    const flows = this.#flows;
    this.#assign(entry, this.#findAgain(entry, segment, packet, order));
    flows.clearEdges(entry);
    flows.judged(entry);
  }

  #findAgain(entry: number, segment: number, packet: PacketView, order: number): number {
    const flows = this.#flows;
    const facts = this.#facts;
    facts.isReply = order !== flows.initiators[entry];
    facts.codePoint = flows.codePoints[entry]!;
    facts.application = flows.applications[entry]!;
    return this.#policies.find(segment, packet, facts);
  }

  #assign(entry: number, number: number): void {
    this.#flows.policies[entry] = number;
    this.#policies.at(number).counts.flows += 1;
  }

  /** Looks for a name. A flow that shows one belongs from this packet on to the policy that now matches. */
  #inspect(entry: number, segment: number, packet: PacketView, now: number): void {
    const flows = this.#flows;
    const offset = payloadOffset(packet);
    const length = packet.offset + packet.totalLength - offset;
    if (length <= 0) return;
    const isDns = packet.sourcePort === DNS_PORT || packet.destinationPort === DNS_PORT;
    const isReply = this.order !== flows.initiators[entry];
    if (isReply && !isDns) return;
    const application = this.#recognition.look(entry, packet, isReply, now);
    // Names of one host come one after the other in one flow: there is no end to looking.
    if (!isDns) flows.inspections[entry] = this.#recognition.isSettled ? 0 : flows.inspections[entry]! - 1;
    if (application === NO_APPLICATION || application === flows.applications[entry]) return;
    flows.applications[entry] = application;
    const number = this.#findAgain(entry, segment, packet, this.order);
    if (number !== flows.policies[entry]) this.#assign(entry, number);
  }

  #laterFragment(segment: number, packet: PacketView, now: number): void {
    const flows = this.#flows;
    const entry = this.#fragments.lookup(segment, packet, flows.stamps, now);
    if (entry !== NO_ENTRY && flows.isJudged(entry)) {
      this.order = this.#fragments.order;
      this.#use(entry);
      return;
    }
    flows.lookup(segment, packet, now);
    this.entry = NO_ENTRY;
    this.bucket = flows.bucket;
    this.#usePolicy(this.#findFirst(segment, packet, NO_APPLICATION));
  }

  /** An ICMP error: true when the flow that it is about is known. It goes the way of the answers to what it quotes. */
  #follow(segment: number, packet: PacketView, now: number): boolean {
    const flows = this.#flows;
    const quoted = this.#quoted;
    if (!readQuoted(packet, quoted)) return false;
    const entry = flows.lookup(segment, quoted, now);
    if (entry === NO_ENTRY) return false;
    if (!flows.isJudged(entry)) this.#judge(entry, segment, quoted, flows.order);
    this.order = flows.order === 0 ? 1 : 0;
    this.#use(entry);
    return true;
  }
}

/** SYN without ACK (RFC 9293 §3.5). */
function opensConnection({ protocol, transportLength, transportOffset, bytes }: PacketView): boolean {
  if (protocol !== Protocol.tcp || transportLength <= TCP_FLAGS) return false;
  return (bytes[transportOffset + TCP_FLAGS]! & (SYN | ACK)) === SYN;
}

/** Where the payload of TCP or UDP begins; the end of the packet where there is none that could show a name. */
function payloadOffset(packet: PacketView): number {
  const { protocol, transportOffset: at, transportLength, bytes } = packet;
  if (protocol === Protocol.udp && transportLength >= UDP_HEADER) return at + UDP_HEADER;
  if (protocol === Protocol.tcp && transportLength > TCP_OFFSET) return at + (bytes[at + TCP_OFFSET]! >>> 4) * 4;
  return packet.offset + packet.totalLength;
}
