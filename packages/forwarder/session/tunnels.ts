/**
 * Keeps the tunnels alive: announces ourselves on each new session, probes, answers probes, and does what has to be done when
 * BFD (bfd/) says that a tunnel came up or went down.
 */

import type { PacketView } from '@patronus/net';
import { equalBytes } from '@patronus/wire';
import { type BfdOwner, BfdSessions, type Tunnel } from '../bfd/bfdSessions.ts';
import { CONFIGURED } from '../bfd/reasons.ts';
import { COMPRESSION_CAPABILITY } from '../compressedFrame.ts';
import type { ForwarderBfdTimers, LinkState } from '../control.ts';
import { Drop, PASSED } from '../drops.ts';
import { type Link, smoothedRoundTripUs, type TunnelState } from '../links.ts';
import { SCRATCH } from '../memory.ts';
import {
  type Announce,
  Capability,
  decodeFrame,
  encodeFrame,
  type MtuProbe,
  OVERLAY_VERSION,
  type Probe,
} from '../overlay.ts';
import type { PathContext } from '../path/context.ts';
import { transmit, transmitUnfragmented } from '../path/transmit.ts';
import { PathMtu } from '../pathMtu.ts';
import { Probes } from '../probes.ts';
import { PROTECTION_CAPABILITY } from '../protection/numberedFrame.ts';

/** All that this release can do. */
export const OWN_CAPABILITIES =
  Capability.segments |
  COMPRESSION_CAPABILITY |
  Capability.pathMtu |
  Capability.measurement |
  PROTECTION_CAPABILITY |
  Capability.talk;
/** However many tunnels there are, looking through them costs at most so many turns a second. */
const TURN_MS = 1;
const LONG_TURN_MS = 5;
const MANY_TUNNELS = 256;
/** Sizes in a row that the own device may refuse before the next turn. */
const MOST_REFUSED = 8;

/** A tunnel as it is to be, beside its keys. */
export interface TunnelOptions {
  readonly id: string;
  readonly edgeId: string;
  /** Overlay address of the other edge. */
  readonly remoteAddress: Uint8Array;
  readonly bfd: ForwarderBfdTimers | undefined;
}

export interface TunnelsOwner {
  stateChanged(link: Link, state: LinkState, reason: string, now: number): void;
  /** Better not to be used while there is another, or fit for use again. It is up. */
  doubted(link: Link, isDoubted: boolean, now: number): void;
  /** The tunnel has been down for long: begin again with a handshake. */
  restartHandshake(link: Link, now: number): void;
  /** A BFD packet leaves by the clock, and waits in `outgoing`: what else is due for this tunnel may go along. */
  leaves(link: Link, now: number): void;
}

export class Tunnels {
  readonly bfd: BfdSessions;
  readonly #context: PathContext;
  readonly #owner: TunnelsOwner;
  readonly #capabilities: number;
  readonly #tunnels = new Map<number, Tunnel>();
  /** Not later than the earliest deadline of any tunnel. */
  #deadline = Number.POSITIVE_INFINITY;

  /** `capabilities`: what is announced to other edges. */
  constructor(context: PathContext, capabilities: number, random32: () => number, owner: TunnelsOwner) {
    this.#context = context;
    this.#capabilities = capabilities;
    this.#owner = owner;
    const bfdOwner: BfdOwner = {
      stateChanged: (link, state, reason, now) => this.#stateChanged(link, state, reason, now),
      restartHandshake: (link, now) => owner.restartHandshake(link, now),
      sent: (link, isTogether, now) => this.#alongWithBfd(link, isTogether, now),
      probe: (link, now) => this.#probe(link, link.tunnel, now),
      doubted: (link, isDoubted, now) => owner.doubted(link, isDoubted, now),
    };
    this.bfd = new BfdSessions(context, random32, bfdOwner);
  }

  get all(): Iterable<Tunnel> {
    return this.#tunnels.values();
  }

  get deadline(): number {
    return this.#deadline;
  }

  /** Begins to look after a link; its first packet is due at once. */
  add(link: Link, { id, edgeId, remoteAddress, bfd }: TunnelOptions, now: number): void {
    link.tunnel = {
      ...{ id, edgeId, edge: this.#context.groups.edges.of(edgeId), heardAnnounce: false, capabilities: 0 },
      bfd: this.bfd.create(remoteAddress, bfd, now),
      probes: new Probes(),
      pathMtu: new PathMtu(this.#context.routing.mtu, now),
    };
    this.#tunnels.set(link.number, link as Tunnel);
    this.#deadline = Math.min(this.#deadline, now);
    this.#owner.stateChanged(link, 'connecting', CONFIGURED, now);
  }

  /** The tunnel stays, and is to be otherwise. */
  change(link: Tunnel, { id, edgeId, remoteAddress, bfd }: TunnelOptions, now: number): void {
    link.tunnel.id = id;
    link.tunnel.edgeId = edgeId;
    link.tunnel.edge = this.#context.groups.edges.of(edgeId);
    this.bfd.change(link, remoteAddress, bfd, now);
    this.#deadline = Math.min(this.#deadline, now);
  }

  /** Another MTU was configured: no tunnel carries more, whatever its path could. */
  limitMtu(mtu: number, now: number): void {
    for (const link of this.#tunnels.values()) {
      link.tunnel.pathMtu.limit(mtu, now);
      this.#useMtu(link, link.tunnel);
    }
    this.#deadline = Math.min(this.#deadline, now);
  }

  /** While it can still send. */
  remove(link: Link, now: number): void {
    if (link.tunnel !== undefined) this.bfd.close(link as Tunnel, now);
    this.#tunnels.delete(link.number);
  }

  /** There is a session: say who we are, and what BFD had to say, without waiting for their turn. */
  sessionEstablished(link: Link, now: number): void {
    const { tunnel } = link;
    if (tunnel === undefined || tunnel.bfd.state === 'up') return;
    this.#announce(link, tunnel, now);
    this.bfd.sessionEstablished(link as Tunnel, now);
    this.#wakeAt(link as Tunnel);
  }

  /** The first packet after a pause. */
  woken(link: Link, now: number): void {
    this.bfd.woken(link, now);
    if (link.tunnel !== undefined) this.#wakeAt(link as Tunnel);
  }

  /** A packet for UDP 3784 that came over the tunnel. Answers a verdict, not yet counted. */
  bfdPacket(link: Link, segment: number, packet: PacketView, now: number): number {
    const verdict = this.bfd.receive(link, segment, packet, now);
    if (link.tunnel !== undefined) this.#wakeAt(link as Tunnel);
    return verdict;
  }

  /** Whether `tick` would take a tunnel down for its silence. */
  judgesSilence(now: number): boolean {
    if (this.#deadline > now) return false;
    for (const { tunnel } of this.#tunnels.values()) if (tunnel.bfd.silenceEndsMs <= now) return true;
    return false;
  }

  /** After all packets that have arrived were taken in: a pause of ours is not silence of the other end. */
  tick(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const link of this.#tunnels.values()) {
      const { tunnel } = link;
      if (link.sentLarge) tunnel.pathMtu.use();
      link.sentLarge = false;
      if (tunnel.bfd.deadlineMs <= now) this.bfd.tick(link, now);
      if (tunnel.pathMtu.deadlineMs <= now) this.#probeMtu(link, tunnel, now);
      earliest = Math.min(earliest, tunnel.bfd.deadlineMs, tunnel.pathMtu.deadlineMs);
    }
    this.#deadline = Math.max(earliest, now + (this.#tunnels.size > MANY_TUNNELS ? LONG_TURN_MS : TURN_MS));
    // What was sent together.
    if (!this.#context.outgoing.isEmpty) this.#context.drain();
  }

  #wakeAt({ tunnel }: Tunnel): void {
    this.#deadline = Math.min(this.#deadline, tunnel.bfd.deadlineMs, tunnel.pathMtu.deadlineMs);
  }

  /** Takes a frame that came over the tunnel. Answers a verdict, not yet counted. */
  frame(link: Link, payload: Uint8Array, now: number): number {
    const { tunnel } = link;
    const decoded = decodeFrame(payload);
    if (tunnel === undefined) return Drop.badFrame;
    // Types of a later release are passed over; they are nobody's fault.
    if (!decoded.ok) return decoded.error === 'unknown' ? PASSED : Drop.badFrame;
    const frame = decoded.value;
    if (frame.type === 'announce') return this.#heard(link, tunnel, frame, now);
    if (frame.type === 'packet' || !tunnel.heardAnnounce) return Drop.badFrame;
    if (frame.type === 'probe') {
      this.#send(link, { ...frame, type: 'probeReply' }, now);
      return PASSED;
    }
    if ('size' in frame) return this.#mtuFrame(link, tunnel, frame, now);
    tunnel.probes.reply(frame.sequence, Number(frame.sentAtUs), Math.floor(now * 1000));
    this.bfd.heard(link as Tunnel, now);
    return PASSED;
  }

  #stateChanged(link: Tunnel, state: LinkState, reason: string, now: number): void {
    const { tunnel } = link;
    if (state === 'up') this.#searchMtu(link, tunnel, now);
    else tunnel.pathMtu.stop();
    if (state === 'down') {
      this.#context.links.isUp[link.number] = 0;
      this.#suspectOthers(link, now);
    }
    this.#owner.stateChanged(link, state, reason, now);
  }

  /** Idle tunnels over the same uplink, or to the same one, may have failed with it, and would say so too late. */
  #suspectOthers(failed: Tunnel, now: number): void {
    for (const link of this.#tunnels.values()) {
      if (!link.isIdle || link === failed || link.tunnel.bfd.state !== 'up') continue;
      const isShared = link.socket === failed.socket || equalBytes(link.peer.publicKey, failed.peer.publicKey);
      if (isShared) this.bfd.suspect(link, now);
    }
    this.#deadline = Math.min(this.#deadline, now);
  }

  /** Whatever wakes us for BFD serves for this too. */
  #alongWithBfd(link: Tunnel, isTogether: boolean, now: number): void {
    const { tunnel } = link;
    if (tunnel.bfd.state !== 'up' || !tunnel.heardAnnounce) this.#announce(link, tunnel, now);
    // Reports of both ends tell what regular probes would.
    const isMeasured = (this.#capabilities & tunnel.capabilities & Capability.measurement) !== 0;
    if (isMeasured && isTogether) this.#owner.leaves(link, now);
    if (!isMeasured && tunnel.probes.isDue(link.isIdle, now)) this.#probe(link, tunnel, now);
  }

  /** A far end that began anew asks to be told; one that has heard us is silent, so this never goes round in circles. */
  #heard(link: Link, tunnel: TunnelState, frame: Announce, now: number): number {
    const isNews = !tunnel.heardAnnounce;
    tunnel.heardAnnounce = true;
    tunnel.capabilities = frame.capabilities;
    if (frame.wantsAnswer) this.#announce(link, tunnel, now);
    if (!isNews) return PASSED;
    this.#probe(link, tunnel, now);
    if (tunnel.bfd.state === 'up') this.#searchMtu(link, tunnel, now);
    return PASSED;
  }

  /** Once it is up and the other end said what it can do. */
  #searchMtu(link: Link, tunnel: TunnelState, now: number): void {
    if (!tunnel.heardAnnounce) return;
    if ((tunnel.capabilities & Capability.pathMtu) !== 0) {
      tunnel.pathMtu.start(now);
      this.#probeMtu(link, tunnel, now);
    } else link.mtu = this.#context.routing.mtu;
  }

  /** Sends the probe for the path's MTU that is due, and the next one where the own device would not send it. */
  #probeMtu(link: Link, tunnel: TunnelState, now: number): void {
    const { pathMtu, probes } = tunnel;
    for (let copies = 0; copies < MOST_REFUSED; copies++) {
      const size = pathMtu.probe(now, (smoothedRoundTripUs(link) ?? 0) / 1_000, probes.lastReplyMs);
      this.#useMtu(link, tunnel);
      if (size === 0) return;
      const frame = encodeFrame({ type: 'mtuProbe', sequence: pathMtu.sequence, size });
      const { bytes } = this.#context.memory;
      bytes.set(frame, SCRATCH);
      bytes.fill(0, SCRATCH + frame.length, SCRATCH + size);
      const verdict = transmitUnfragmented(this.#context, link, SCRATCH, size, now);
      // A small one beside it: if neither is answered, size is not why.
      this.#probe(link, tunnel, now);
      if (verdict !== Drop.sendFailed) break;
      pathMtu.refuse(now);
    }
    this.#deadline = Math.min(this.#deadline, pathMtu.deadlineMs);
  }

  #mtuFrame(link: Link, tunnel: TunnelState, frame: MtuProbe, now: number): number {
    if (frame.type === 'mtuProbe') {
      link.mtuProbesReceived += 1;
      this.#send(link, { ...frame, type: 'mtuReply' }, now);
    } else if (tunnel.pathMtu.reply(frame.sequence, frame.size, now)) this.#useMtu(link, tunnel);
    this.#deadline = Math.min(this.#deadline, tunnel.pathMtu.deadlineMs);
    return PASSED;
  }

  #useMtu(link: Link, { pathMtu, capabilities }: TunnelState): void {
    link.mtu = (capabilities & Capability.pathMtu) === 0 ? this.#context.routing.mtu : pathMtu.mtu;
  }

  #announce(link: Link, tunnel: TunnelState, now: number): void {
    const wantsAnswer = !tunnel.heardAnnounce;
    this.#send(
      link,
      { type: 'announce', version: OVERLAY_VERSION, capabilities: this.#capabilities, wantsAnswer },
      now,
    );
  }

  #probe(link: Link, tunnel: TunnelState, now: number): void {
    if (!tunnel.heardAnnounce) return;
    const sentAtUs = Math.floor(now * 1000);
    const sequence = tunnel.probes.probe(sentAtUs);
    this.#send(link, { type: 'probe', sequence, sentAtUs: BigInt(sentAtUs) }, now);
  }

  /** Frames that cannot go out are not counted as lost packets: nobody gave them to us. */
  #send(link: Link, frame: Announce | Probe | MtuProbe, now: number): void {
    const bytes = encodeFrame(frame);
    const offset = SCRATCH;
    this.#context.memory.bytes.set(bytes, offset);
    transmit(this.#context, link, offset, bytes.length, now);
  }
}
