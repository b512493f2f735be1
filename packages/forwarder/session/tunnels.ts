/**
 * Keeps the tunnels alive: announces ourselves on each new session, probes, answers probes, and says when a tunnel came
 * up or went down. What "up" means is liveness.ts; here is what it is applied to.
 */
import { COMPRESSION_CAPABILITY } from '../compressedFrame.ts';
import { Drop, PASSED } from '../drops.ts';
import type { Link, TunnelState } from '../links.ts';
import { Liveness, type LivenessState, SILENCE_LIMIT_MS } from '../liveness.ts';
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

/** All that this release can do. */
export const OWN_CAPABILITIES = Capability.segments | COMPRESSION_CAPABILITY | Capability.pathMtu;
const TURN_MS = 5;
/** Sizes in a row that the own device may refuse before the next turn. */
const MOST_REFUSED = 8;
const ANSWERED = 'a probe was answered';
const SILENT = `no probe was answered for ${SILENCE_LIMIT_MS} ms; check the uplink and the other end`;
const NEW = 'configured; waiting for the first answer';

export interface TunnelsOwner {
  stateChanged(link: Link, state: LivenessState, reason: string, now: number): void;
  /** The tunnel has been down for long: begin again with a handshake. */
  restartHandshake(link: Link, now: number): void;
}

export type Tunnel = Link & { readonly tunnel: TunnelState };

export class Tunnels {
  readonly #context: PathContext;
  readonly #owner: TunnelsOwner;
  readonly #capabilities: number;
  readonly #tunnels = new Map<number, Tunnel>();
  /** Not later than the earliest deadline of any tunnel. */
  #deadline = Number.POSITIVE_INFINITY;

  /** `capabilities`: what is announced to other edges. */
  constructor(context: PathContext, capabilities: number, owner: TunnelsOwner) {
    this.#context = context;
    this.#capabilities = capabilities;
    this.#owner = owner;
  }

  get all(): Iterable<Tunnel> {
    return this.#tunnels.values();
  }

  get deadline(): number {
    return this.#deadline;
  }

  /** Begins to look after a link; its first probe is due at once. */
  add(link: Link, id: string, edgeId: string, now: number): void {
    link.tunnel = {
      ...{ id, edgeId, group: -1, heardAnnounce: false, capabilities: 0 },
      liveness: new Liveness(now),
      pathMtu: new PathMtu(this.#context.routing.mtu, now),
    };
    this.#tunnels.set(link.number, link as Tunnel);
    this.#deadline = Math.min(this.#deadline, now);
    this.#owner.stateChanged(link, 'connecting', NEW, now);
  }

  /** Another MTU was configured: no tunnel carries more, whatever its path could. */
  limitMtu(mtu: number, now: number): void {
    for (const link of this.#tunnels.values()) {
      link.tunnel.pathMtu.limit(mtu, now);
      this.#useMtu(link, link.tunnel);
    }
    this.#deadline = Math.min(this.#deadline, now);
  }

  remove(link: Link): void {
    this.#tunnels.delete(link.number);
  }

  /** There is a session: say who we are without waiting for the next probe's turn. */
  sessionEstablished(link: Link, now: number): void {
    const { tunnel } = link;
    if (tunnel === undefined || tunnel.liveness.state === 'up') return;
    this.#announce(link, tunnel, now);
    this.#probe(link, tunnel, now);
  }

  tick(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const link of this.#tunnels.values()) {
      const { tunnel } = link;
      if (link.sentLarge) tunnel.pathMtu.use();
      link.sentLarge = false;
      if (tunnel.liveness.deadlineMs <= now) this.#turn(link, tunnel, now);
      if (tunnel.pathMtu.deadlineMs <= now) this.#probeMtu(link, tunnel, now);
      earliest = Math.min(earliest, tunnel.liveness.deadlineMs, tunnel.pathMtu.deadlineMs);
    }
    // However many tunnels there are, looking through them costs at most so many turns a second.
    this.#deadline = Math.max(earliest, now + TURN_MS);
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
    const cameUp = tunnel.liveness.reply(frame.sequence, Number(frame.sentAtUs), Math.floor(now * 1000));
    if (cameUp) this.#cameUp(link, tunnel, now);
    return PASSED;
  }

  #turn(link: Link, tunnel: TunnelState, now: number): void {
    const { liveness } = tunnel;
    if (liveness.expire(now)) {
      tunnel.pathMtu.stop();
      this.#owner.stateChanged(link, 'down', SILENT, now);
    }
    if (liveness.retryIsDue(now)) this.#owner.restartHandshake(link, now);
    if (now < liveness.nextProbeAtMs) return;
    liveness.schedule(now);
    if (liveness.state !== 'up') this.#announce(link, tunnel, now);
    this.#probe(link, tunnel, now);
  }

  /** A far end that began anew asks to be told; one that has heard us is silent, so this never goes round in circles. */
  #heard(link: Link, tunnel: TunnelState, frame: Announce, now: number): number {
    const isNews = !tunnel.heardAnnounce;
    tunnel.heardAnnounce = true;
    tunnel.capabilities = frame.capabilities;
    if (frame.wantsAnswer) this.#announce(link, tunnel, now);
    if (isNews) this.#probe(link, tunnel, now);
    return PASSED;
  }

  #cameUp(link: Link, tunnel: TunnelState, now: number): void {
    if ((tunnel.capabilities & Capability.pathMtu) !== 0) {
      tunnel.pathMtu.start(now);
      this.#probeMtu(link, tunnel, now);
    } else link.mtu = this.#context.routing.mtu;
    this.#owner.stateChanged(link, 'up', ANSWERED, now);
  }

  /** Sends the probe for the path's MTU that is due, and the next one where the own device would not send it. */
  #probeMtu(link: Link, tunnel: TunnelState, now: number): void {
    const { pathMtu, liveness } = tunnel;
    for (let copies = 0; copies < MOST_REFUSED; copies++) {
      const size = pathMtu.probe(now, (liveness.smoothedRoundTripUs ?? 0) / 1_000, liveness.lastReplyAtMs);
      this.#useMtu(link, tunnel);
      if (size === 0) return;
      const frame = encodeFrame({ type: 'mtuProbe', sequence: pathMtu.sequence, size });
      const { bytes } = this.#context.memory;
      bytes.set(frame, SCRATCH);
      bytes.fill(0, SCRATCH + frame.length, SCRATCH + size);
      const verdict = transmitUnfragmented(this.#context, link, SCRATCH, size, now);
      if (verdict !== Drop.sendFailed) break;
      pathMtu.refuse(now);
    }
    this.#deadline = Math.min(this.#deadline, pathMtu.deadlineMs);
  }

  #mtuFrame(link: Link, tunnel: TunnelState, frame: MtuProbe, now: number): number {
    if (frame.type === 'mtuProbe') this.#send(link, { ...frame, type: 'mtuReply' }, now);
    else if (tunnel.pathMtu.reply(frame.sequence, frame.size, now)) this.#useMtu(link, tunnel);
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
    const sequence = tunnel.liveness.probe(sentAtUs);
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
