/**
 * BFD inside the tunnels: one session a link, its packets sealed like any other, and its state the tunnel's. What they are
 * about is @patronus/bfd's; here they meet the packet path.
 */
import {
  ControlPacket,
  Diagnostic,
  decodeControl,
  HOP_LIMIT,
  type SessionEffect,
  type SessionEvent,
  SourcePorts,
  type StateChange,
} from '@patronus/bfd';
import type { PacketView } from '@patronus/net';
import type { ForwarderBfdTimers, LinkState } from '../control.ts';
import { Drop, PASSED } from '../drops.ts';
import { type Link, smoothedRoundTripUs, type TunnelState } from '../links.ts';
import { SCRATCH } from '../memory.ts';
import type { PathContext } from '../path/context.ts';
import { transmit } from '../path/transmit.ts';
import { controlLength, controlOffset, headerLength, isBetween, LONGEST_DATAGRAM, writeDatagram } from './datagram.ts';
import { reasonOf } from './reasons.ts';
import { DEFAULT_BFD_TIMERS, IDLE_AFTER_MS, RETRY_AFTER_DOWN_MS, TunnelBfd } from './tunnelBfd.ts';
import { Wakeups } from './wakeups.ts';

export type Tunnel = Link & { readonly tunnel: TunnelState };

export interface BfdOwner {
  stateChanged(link: Tunnel, state: LinkState, reason: string, now: number): void;
  /** The tunnel has been down for long: begin again with a handshake. */
  restartHandshake(link: Tunnel, now: number): void;
  /** A packet left: what is due beside it may go along. `isTogether`: by the clock, and waits for others in `outgoing`. */
  sent(link: Tunnel, isTogether: boolean, now: number): void;
  /** Send a probe now. */
  probe(link: Tunnel, now: number): void;
  /** Whether it is better not to use the tunnel while there is another, because it may share the fate of one that failed. */
  doubted(link: Tunnel, isDoubted: boolean, now: number): void;
}

const TICK: SessionEvent = { kind: 'tick' };
/** Discriminators have half of the range: those fit a machine word. */
const LARGEST_DISCRIMINATOR = 0x7fff_ffff;

export class BfdSessions {
  readonly #context: PathContext;
  readonly #owner: BfdOwner;
  readonly #wakeups: Wakeups;
  readonly #ports: SourcePorts;
  readonly #packet = new ControlPacket();
  readonly #received: { kind: 'packet'; packet: ControlPacket; bytes: Uint8Array; offset: number };
  /** In `tick`, where packets wait for each other; elsewhere each leaves at once. */
  #isTogether = false;

  constructor(context: PathContext, random32: () => number, owner: BfdOwner) {
    this.#context = context;
    this.#owner = owner;
    this.#wakeups = new Wakeups(random32);
    this.#ports = new SourcePorts(random32);
    this.#received = { kind: 'packet', packet: this.#packet, bytes: context.memory.bytes, offset: 0 };
  }

  /** A session for a new tunnel. */
  create(remoteAddress: Uint8Array, timers: ForwarderBfdTimers | undefined, now: number): TunnelBfd {
    const random = this.#wakeups.random32();
    return new TunnelBfd(
      {
        // Within one link there is nothing to confuse it with: packets are told apart by the link first.
        discriminator: random & LARGEST_DISCRIMINATOR || 1,
        sourcePort: this.#ports.take(),
        dice: this.#wakeups,
        timers: timers ?? DEFAULT_BFD_TIMERS,
        remoteAddress,
      },
      now,
    );
  }

  /** Other timers, or another address of the other edge. */
  change(link: Tunnel, remoteAddress: Uint8Array, timers: ForwarderBfdTimers | undefined, now: number): void {
    const { bfd } = link.tunnel;
    bfd.remoteAddress = remoteAddress;
    bfd.timers = timers ?? DEFAULT_BFD_TIMERS;
    this.#configure(link, now);
  }

  /** The tunnel is taken out on purpose: the other end need not wait for silence (RFC 5880 §6.8.16). */
  close(link: Tunnel, now: number): void {
    this.#apply(link, link.tunnel.bfd.session.handle({ kind: 'disable' }, now), now);
    this.#ports.release(link.tunnel.bfd.sourcePort);
  }

  /** There is a WireGuard session: what could not leave does now. */
  sessionEstablished(link: Tunnel, now: number): void {
    const { bfd } = link.tunnel;
    if (bfd.isUnsent) this.#apply(link, bfd.session.handle({ kind: 'resend' }, now), now);
  }

  /** A packet for UDP 3784 came through the tunnel. Answers a verdict, not yet counted. */
  receive(link: Link, segment: number, packet: PacketView, now: number): number {
    const { tunnel } = link;
    if (tunnel === undefined || segment !== 0) return Drop.bfdFromLan;
    const { session, remoteAddress } = tunnel.bfd;
    if (!isBetween(packet, remoteAddress, this.#context.routing.ownAddress)) return Drop.bfdFromLan;
    if (packet.hopLimit !== HOP_LIMIT) {
      session.discards.badHopLimit += 1;
      return Drop.badBfd;
    }
    const length = controlLength(packet);
    if (length < 0) return Drop.badBfd;
    const offset = controlOffset(packet);
    const refusal = decodeControl(packet.bytes, offset, length, this.#packet);
    const { yourDiscriminator } = this.#packet;
    if (refusal !== undefined) session.discards[refusal] += 1;
    else if (yourDiscriminator !== 0 && yourDiscriminator !== session.localDiscriminator) {
      session.discards.unknownDiscriminator += 1;
    } else {
      this.#received.bytes = packet.bytes;
      this.#received.offset = offset;
      const verdict = this.#apply(link as Tunnel, session.handle(this.#received, now), now);
      this.heard(link as Tunnel, now);
      return verdict;
    }
    return Drop.badBfd;
  }

  /** What is due for this tunnel by now. */
  tick(link: Tunnel, now: number): void {
    const { bfd } = link.tunnel;
    if (bfd.session.deadline <= now) {
      this.#isTogether = true;
      this.#apply(link, bfd.session.handle(TICK, now), now);
      this.#isTogether = false;
      this.#lookForTraffic(link, now);
    }
    if (bfd.doubt.nextMs <= now) this.#judge(link, now);
    if (bfd.state === 'up' || now < bfd.retryAtMs) return;
    bfd.retryAtMs = now + RETRY_AFTER_DOWN_MS;
    this.#owner.restartHandshake(link, now);
  }

  /** The first packet after a pause: the tunnel is to be watched closely again, from the next round trip on. */
  woken(link: Link, now: number): void {
    link.isIdle = false;
    const { tunnel } = link;
    if (tunnel === undefined) return;
    tunnel.bfd.carriedAtMs = now;
    this.#configure(link as Tunnel, now);
    if (tunnel.bfd.state === 'up') tunnel.bfd.doubt.begin(heardOf(link as Tunnel), now);
  }

  /** A tunnel that shares an uplink with this idle one went down: does it work? It is not used before that is known. */
  suspect(link: Tunnel, now: number): void {
    this.woken(link, now);
    if (link.tunnel.bfd.doubt.isActive) this.#owner.doubted(link, true, now);
  }

  /** Something came from the other end: whatever doubt there was is over. */
  heard(link: Tunnel, now: number): void {
    const { doubt } = link.tunnel.bfd;
    if (!doubt.isActive || doubt.isUnheard(heardOf(link))) return;
    doubt.end();
    this.#owner.doubted(link, false, now);
  }

  #judge(link: Tunnel, now: number): void {
    const { bfd } = link.tunnel;
    const { intervalMs, multiplier } = bfd.timers;
    const answerMs = (2 * (smoothedRoundTripUs(link) ?? 0)) / 1_000 + intervalMs;
    const verdict = bfd.doubt.judge(heardOf(link), intervalMs, Math.max(multiplier * intervalMs, answerMs), now);
    if (verdict === 'probe') this.#owner.probe(link, now);
    else if (verdict === 'settled') this.heard(link, now);
    else if (verdict === 'failed') {
      bfd.doubt.end();
      this.#apply(link, bfd.session.handle({ kind: 'fail', diagnostic: Diagnostic.pathDown }, now), now);
    }
  }

  #lookForTraffic(link: Tunnel, now: number): void {
    const { bfd } = link.tunnel;
    const carried = link.sentPackets + link.receivedPackets;
    if (carried !== bfd.carriedPackets) bfd.carriedAtMs = now;
    bfd.carriedPackets = carried;
    if (link.isIdle || bfd.state !== 'up' || now - bfd.carriedAtMs < IDLE_AFTER_MS) return;
    link.isIdle = true;
    this.#configure(link, now);
  }

  #configure(link: Tunnel, now: number): void {
    const { bfd } = link.tunnel;
    this.#apply(link, bfd.session.handle({ kind: 'configure', parameters: bfd.parameters(link.isIdle) }, now), now);
  }

  #apply(link: Tunnel, effects: readonly SessionEffect[], now: number): number {
    let verdict: number = PASSED;
    for (let at = 0; at < effects.length; at++) {
      const effect = effects[at]!;
      if (effect.kind === 'send') this.#send(link, effect.isFinal, now);
      else if (effect.kind === 'state') this.#changed(link, effect, now);
      else if (effect.kind === 'discarded') verdict = Drop.badBfd;
    }
    return verdict;
  }

  #changed(link: Tunnel, change: StateChange, now: number): void {
    const { bfd } = link.tunnel;
    const state = change.state === 'up' ? 'up' : bfd.state === 'connecting' ? 'connecting' : 'down';
    if (state === bfd.state) return;
    bfd.enter(state, now);
    bfd.doubt.end();
    bfd.carriedAtMs = now;
    this.#owner.stateChanged(link, state, reasonOf(change), now);
  }

  #send(link: Tunnel, isFinal: boolean, now: number): void {
    const { bfd } = link.tunnel;
    const { memory, outgoing, routing } = this.#context;
    const own = routing.ownAddress;
    if (own.length !== bfd.remoteAddress.length) return;
    const offset = this.#isTogether ? outgoing.take(LONGEST_DATAGRAM) : SCRATCH;
    const header = headerLength(own.length === 4 ? 4 : 6);
    const written = bfd.session.write(memory.bytes, offset + header, isFinal);
    const length = writeDatagram(memory.bytes, offset, own, bfd.remoteAddress, bfd.sourcePort, written);
    bfd.isUnsent = transmit(this.#context, link, offset, length, now) === Drop.noSession;
    if (!isFinal) this.#owner.sent(link, this.#isTogether, now);
  }
}

/** Packets of any kind that came from the other end. */
function heardOf({ receivedPackets, tunnel }: Tunnel): number {
  return receivedPackets + tunnel.bfd.session.receivedPackets + tunnel.probes.replies;
}
