/**
 * BFD with routers outside of the fabric: on the LAN and beyond the uplinks, one hop (RFC 5881) or several (RFC 5883) away. In
 * the forwarder's loop, so that nothing that the edge does can make a session late.
 *
 * Every packet of these sockets may be forged by whoever can reach them: it is for a session only if it came from that
 * neighbour's address, on its interface and, over one hop, with the hop limit that nobody further away can make.
 */
import {
  Authentication,
  CONTROL_PORT,
  ControlPacket,
  Demultiplexer,
  type DiscardReason,
  decodeControl,
  type Hashes,
  HOP_LIMIT,
  MULTIHOP_PORT,
  Session,
  type SessionEffect,
  zeroDiscards,
} from '@patronus/bfd';
import { formatAddress, type IpAddress } from '@patronus/net';
import { reportOf } from '../bfd/report.ts';
import { Wakeups } from '../bfd/wakeups.ts';
import type { ForwarderEvent, NeighbourReport } from '../control.ts';
import type { PlannedNeighbour } from './planned.ts';
import { neighbourReason } from './reasons.ts';

/** What the host does for neighbours. */
export interface NeighbourIo {
  /** Where `write` puts a packet before `send`. */
  readonly outgoing: Uint8Array;
  /** Sends the first `length` bytes of `outgoing` from the neighbour's socket; without one it is lost. */
  send(id: string, length: number, to: IpAddress, port: number): void;
  /** Index of the interface that its socket is tied to; 0: none, or there is no socket. */
  interfaceOf(id: string): number;
  /** Closes the sockets of all others. */
  keep(ids: ReadonlySet<string>): void;
}

/** A datagram that came to UDP 3784 or 4784, reused for each. */
export interface NeighbourDatagram {
  readonly bytes: Uint8Array;
  length: number;
  source: IpAddress;
  isMultihop: boolean;
  /** −1: the kernel did not say. */
  hopLimit: number;
  interfaceIndex: number;
}

interface Neighbour {
  readonly planned: PlannedNeighbour;
  readonly session: Session;
}

export interface NeighbourParts {
  readonly io: NeighbourIo;
  readonly hashes: Hashes;
  readonly random32: () => number;
  readonly emit: (event: ForwarderEvent) => void;
}

const TICK = { kind: 'tick' } as const;
const DISABLE = { kind: 'disable' } as const;

export class Neighbours {
  /** Of packets that belong to no session. */
  readonly discards = zeroDiscards();
  readonly #parts: NeighbourParts;
  readonly #table: Demultiplexer;
  readonly #dice: Wakeups;
  readonly #packet = new ControlPacket();
  readonly #received = {
    kind: 'packet' as const,
    packet: this.#packet,
    bytes: new Uint8Array(0) as Uint8Array,
    offset: 0,
  };
  #all: Neighbour[] = [];

  constructor(parts: NeighbourParts) {
    this.#parts = parts;
    this.#table = new Demultiplexer(parts.random32);
    this.#dice = new Wakeups(parts.random32);
  }

  /** When `tick` has to come at the latest, ms. */
  get deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { session } of this.#all) earliest = Math.min(earliest, session.deadline);
    return earliest;
  }

  /** Whether `tick` would take somebody for gone by now: then take in first what the sockets hold. */
  judgesSilence(now: number): boolean {
    return this.#all.some(({ session }) => session.silenceEndsMs <= now);
  }

  /** These, and no others: those that stay keep their sessions, those that go are told (RFC 5880 §6.8.16). */
  configure(planned: readonly PlannedNeighbour[], now: number): void {
    const before = new Map(this.#all.map((one) => [one.planned.id, one]));
    this.#all = planned.map((one) => {
      const known = before.get(one.id);
      if (known === undefined || !isSameSession(known.planned, one)) return this.#make(one);
      before.delete(one.id);
      const next = { planned: one, session: known.session };
      this.#apply(next, known.session.handle({ kind: 'configure', parameters: parametersOf(one) }, now), now);
      return next;
    });
    for (const gone of before.values()) {
      for (const effect of gone.session.handle(DISABLE, now)) if (effect.kind === 'send') this.#send(gone, false);
      this.#table.remove(gone.session, gone.planned.id);
    }
    this.#parts.io.keep(new Set(planned.map(({ id }) => id)));
  }

  /** A datagram came. */
  receive(datagram: NeighbourDatagram, now: number): void {
    const refusal = this.#refusalOf(datagram);
    if (refusal !== undefined) {
      this.discards[refusal] += 1;
      return;
    }
    const neighbour = this.#find(datagram);
    if (neighbour === undefined) {
      this.discards[this.#packet.yourDiscriminator === 0 ? 'noSession' : 'unknownDiscriminator'] += 1;
      return;
    }
    this.#received.bytes = datagram.bytes;
    this.#apply(neighbour, neighbour.session.handle(this.#received, now), now);
  }

  tick(now: number): void {
    for (const neighbour of this.#all) {
      if (neighbour.session.deadline <= now) this.#apply(neighbour, neighbour.session.handle(TICK, now), now);
    }
  }

  report(): NeighbourReport[] {
    return this.#all.map(({ planned, session }) => ({
      ...{ id: planned.id, address: formatAddress(planned.address), session: reportOf(session) },
    }));
  }

  #make(planned: PlannedNeighbour): Neighbour {
    const { random32, hashes } = this.#parts;
    const { authentication, isPassive } = planned;
    const session = new Session({
      ...{ localDiscriminator: this.#table.freeDiscriminator(), parameters: parametersOf(planned), dice: this.#dice },
      role: isPassive ? 'passive' : 'active',
      // It outlives the edge's own process, and BGP with it.
      isControlPlaneIndependent: true,
      ...(authentication === undefined
        ? {}
        : {
            authentication: new Authentication({
              ...{ type: authentication.type, hashes, firstSequence: random32() },
              keys: [{ id: authentication.keyId, secret: authentication.secret }],
            }),
          }),
    });
    this.#table.add(session, planned.id);
    return { planned, session };
  }

  /** By Your Discriminator if it has one (RFC 5880 §6.3), and only where it may come from. */
  #find(datagram: NeighbourDatagram): Neighbour | undefined {
    const { yourDiscriminator } = this.#packet;
    for (const neighbour of this.#all) {
      const isNamed = yourDiscriminator === 0 || yourDiscriminator === neighbour.session.localDiscriminator;
      if (isNamed && this.#mayComeFrom(neighbour.planned, datagram)) return neighbour;
    }
    return undefined;
  }

  #mayComeFrom({ id, address, isMultihop }: PlannedNeighbour, datagram: NeighbourDatagram): boolean {
    if (datagram.isMultihop !== isMultihop || !isSameAddress(datagram.source, address)) return false;
    return isMultihop || datagram.interfaceIndex === this.#parts.io.interfaceOf(id);
  }

  /** Why the datagram is nothing to look at; otherwise it is in `#packet`. */
  #refusalOf({ bytes, length, isMultihop, hopLimit }: NeighbourDatagram): DiscardReason | undefined {
    // RFC 5881 §5; over several hops RFC 5883 §5 leaves it to authentication.
    if (!isMultihop && hopLimit !== HOP_LIMIT) return 'badHopLimit';
    return decodeControl(bytes, 0, length, this.#packet);
  }

  #apply(neighbour: Neighbour, effects: readonly SessionEffect[], now: number): void {
    for (let at = 0; at < effects.length; at++) {
      const effect = effects[at]!;
      if (effect.kind === 'send') this.#send(neighbour, effect.isFinal);
      else if (effect.kind === 'state') {
        const { state, previous, remoteState } = effect;
        const { id } = neighbour.planned;
        const reason = neighbourReason(effect);
        this.#parts.emit({ type: 'bfdPeerState', id, state, previous, remoteState, reason, atMs: now });
      }
    }
  }

  #send({ planned, session }: Neighbour, isFinal: boolean): void {
    const { io } = this.#parts;
    const length = session.write(io.outgoing, 0, isFinal);
    io.send(planned.id, length, planned.address, planned.isMultihop ? MULTIHOP_PORT : CONTROL_PORT);
  }
}

function parametersOf({ intervalMs, multiplier }: PlannedNeighbour) {
  const intervalUs = Math.round(1_000 * intervalMs);
  return { desiredMinTxIntervalUs: intervalUs, requiredMinRxIntervalUs: intervalUs, detectMultiplier: multiplier };
}

/** Timers may change under a session; whom it is with, and by which key, may not. */
function isSameSession(one: PlannedNeighbour, other: PlannedNeighbour): boolean {
  return (
    one.isMultihop === other.isMultihop &&
    one.isPassive === other.isPassive &&
    isSameAddress(one.address, other.address) &&
    one.authentication?.type === other.authentication?.type &&
    one.authentication?.keyId === other.authentication?.keyId &&
    isSameBytes(one.authentication?.secret, other.authentication?.secret)
  );
}

function isSameAddress(one: IpAddress, other: IpAddress): boolean {
  return one.family === other.family && isSameBytes(one.bytes, other.bytes);
}

function isSameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
