/**
 * BFD with neighbours of the speaker, one hop (RFC 5881) or several (RFC 5883) away: packages/bfd behind sockets. Every
 * packet may be forged by whoever can reach the sockets: it is for a session only if it came from that neighbour's
 * address, on its interface if it has one and, over one hop, with the hop limit that nobody further away can make.
 */
import {
  adviceFor,
  CONTROL_PORT,
  ControlPacket,
  Demultiplexer,
  type Dice,
  decodeControl,
  describeDiagnostic,
  HOP_LIMIT,
  LONGEST_CONTROL,
  MULTIHOP_PORT,
  Session,
  type SessionEffect,
  type SessionParameters,
  SourcePorts,
  type StateChange,
} from '@patronus/bfd';
import { formatAddress } from '@patronus/net';
import {
  boundInterface,
  closeDescriptor,
  LinuxError,
  nativeMemory,
  openUdpSocket,
  ToldDatagrams,
} from '@patronus/system/linux';
import type { BfdNews, BfdPeer } from './peer.ts';

/** Network control (RFC 4594 §3.1). */
const TRAFFIC_CLASS = 48 << 2;
const LONGEST = 256;
const TICK = { kind: 'tick' } as const;
const DISABLE = { kind: 'disable' } as const;

interface Watched {
  readonly peer: BfdPeer;
  readonly session: Session;
  /** From whose port it speaks (RFC 5881 §4). */
  readonly fd: number;
  readonly port: number;
}

export interface Listener {
  readonly fd: number;
  readonly isMultihop: boolean;
}

export class BfdPeers {
  /** Sockets to read from. */
  readonly listeners = new Map<string, Listener>();
  readonly #watched = new Map<string, Watched>();
  readonly #table: Demultiplexer;
  readonly #ports: SourcePorts;
  readonly #dice: Dice;
  readonly #emit: (news: BfdNews) => void;
  readonly #datagrams = new ToldDatagrams(LONGEST);
  readonly #outgoing = nativeMemory(LONGEST_CONTROL).bytes;
  readonly #packet = new ControlPacket();

  constructor(random32: () => number, emit: (news: BfdNews) => void) {
    this.#table = new Demultiplexer(random32);
    this.#ports = new SourcePorts(random32);
    this.#emit = emit;
    this.#dice = { random32, moment: (earliest, latest) => earliest + (latest - earliest) * (random32() / 2 ** 32) };
  }

  get deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { session } of this.#watched.values()) earliest = Math.min(earliest, session.deadline);
    return earliest;
  }

  /** These, and no others: those that stay keep their sessions, those that go are told (RFC 5880 §6.8.16). */
  follow(peers: readonly BfdPeer[], nowMs: number): void {
    const wanted = new Map(peers.map((peer) => [peer.id, peer]));
    for (const [id, watched] of this.#watched) {
      const next = wanted.get(id);
      if (next !== undefined && placeOf(next) === placeOf(watched.peer)) {
        this.#apply(watched, watched.session.handle({ kind: 'configure', parameters: parametersOf(next) }, nowMs));
        wanted.delete(id);
      } else this.#leave(watched, nowMs);
    }
    for (const peer of wanted.values()) this.#watch(peer);
    if (this.#watched.size > 0) return;
    for (const { fd } of this.listeners.values()) closeDescriptor(fd);
    this.listeners.clear();
  }

  /** Takes in all that waits. */
  receive({ fd, isMultihop }: Listener, nowMs: number): void {
    const { datagram } = this.#datagrams;
    while (this.#datagrams.receive(fd)) {
      // RFC 5881 §5; over several hops RFC 5883 §5 leaves it to who may send there at all.
      if (!isMultihop && datagram.hopLimit !== HOP_LIMIT) continue;
      if (decodeControl(datagram.bytes, 0, datagram.length, this.#packet) !== undefined) continue;
      const watched = this.#find(isMultihop);
      if (watched === undefined) continue;
      const event = { kind: 'packet', packet: this.#packet, bytes: datagram.bytes, offset: 0 } as const;
      this.#apply(watched, watched.session.handle(event, nowMs));
    }
  }

  tick(nowMs: number): void {
    for (const watched of this.#watched.values()) {
      if (watched.session.deadline <= nowMs) this.#apply(watched, watched.session.handle(TICK, nowMs));
    }
  }

  #watch(peer: BfdPeer): void {
    const { id, address, localAddress, device, isMultihop, isPassive } = peer;
    try {
      this.#listen(peer);
      const { fd, port } = openUdpSocket({
        ...{ family: address.family, port: this.#ports.take(), hopLimit: HOP_LIMIT, trafficClass: TRAFFIC_CLASS },
        // Nothing is read from a socket that speaks.
        receiveBufferBytes: 1,
        ...(localAddress === undefined ? {} : { address: localAddress }),
        ...(device === undefined ? {} : { device }),
      });
      const session = new Session({
        ...{ localDiscriminator: this.#table.freeDiscriminator(), parameters: parametersOf(peer), dice: this.#dice },
        role: isPassive ? 'passive' : 'active',
      });
      this.#table.add(session, id);
      this.#watched.set(id, { peer, session, fd, port });
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      const way = isMultihop ? 'several hops' : 'one hop';
      this.#emit({ kind: 'complaint', id, reason: `no BFD over ${way}: ${error.message}` });
    }
  }

  #listen({ address: { family }, isMultihop }: BfdPeer): void {
    const port = isMultihop ? MULTIHOP_PORT : CONTROL_PORT;
    const name = `${port} ${family}`;
    if (this.listeners.has(name)) return;
    const { fd } = openUdpSocket({ family, port, tellsHopLimit: true });
    this.listeners.set(name, { fd, isMultihop });
  }

  #leave(watched: Watched, nowMs: number): void {
    const { session, peer, fd, port } = watched;
    for (const effect of session.handle(DISABLE, nowMs)) if (effect.kind === 'send') this.#send(watched, false);
    this.#table.remove(session, peer.id);
    this.#watched.delete(peer.id);
    closeDescriptor(fd);
    this.#ports.release(port);
  }

  /** By Your Discriminator if it has one (RFC 5880 §6.3), and only where it may come from. */
  #find(isMultihop: boolean): Watched | undefined {
    const { yourDiscriminator } = this.#packet;
    const { source, interfaceIndex } = this.#datagrams.datagram;
    const from = formatAddress(source);
    for (const watched of this.#watched.values()) {
      const { peer, session, fd } = watched;
      if (yourDiscriminator !== 0 && yourDiscriminator !== session.localDiscriminator) continue;
      if (peer.isMultihop !== isMultihop || formatAddress(peer.address) !== from) continue;
      if (peer.device === undefined || boundInterface(fd) === interfaceIndex) return watched;
    }
    return undefined;
  }

  #apply(watched: Watched, effects: readonly SessionEffect[]): void {
    const { id } = watched.peer;
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(watched, effect.isFinal);
      else if (effect.kind === 'state') {
        const isFailure = adviceFor('controlProtocol', effect) === 'withdraw';
        this.#emit({ kind: 'state', id, state: effect.state, isFailure, reason: reasonOf(effect) });
      }
    }
  }

  #send({ peer, session, fd }: Watched, isFinal: boolean): void {
    const length = session.write(this.#outgoing, 0, isFinal);
    this.#datagrams.send(fd, this.#outgoing, length, peer.address, peer.isMultihop ? MULTIHOP_PORT : CONTROL_PORT);
  }
}

function parametersOf({ intervalMs, multiplier }: BfdPeer): SessionParameters {
  const interval = 1_000 * intervalMs;
  return { desiredMinTxIntervalUs: interval, requiredMinRxIntervalUs: interval, detectMultiplier: multiplier };
}

/** What makes another session of it. */
function placeOf({ address, localAddress, device, isMultihop, isPassive }: BfdPeer): string {
  const local = localAddress === undefined ? '' : formatAddress(localAddress);
  return [formatAddress(address), local, device ?? '', isMultihop, isPassive].join(' ');
}

function reasonOf({ state, cause, remoteState, remoteDiagnostic, diagnostic, silentForMs }: StateChange): string {
  if (state === 'up') return 'both ends hear each other';
  if (cause === 'remote') {
    if (remoteState === 'adminDown') return 'the neighbour switched it off';
    return `the neighbour says ${remoteState}: ${describeDiagnostic(remoteDiagnostic)}`;
  }
  if (cause === 'expired') return `no BFD packet for ${Math.round(silentForMs ?? 0)} ms`;
  return describeDiagnostic(diagnostic);
}
