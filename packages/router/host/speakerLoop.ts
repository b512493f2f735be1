/**
 * One speaker on Node's event loop: its connections, timers and updates, in turns of some milliseconds, so that a full table
 * that comes in delays no keepalive. What becomes of its sessions and routes is its owner's.
 */
import {
  type NeighbourConfiguration,
  Speaker,
  type SpeakerEffect,
  type SpeakerNews,
  type SpeakerOptions,
  socketOptions,
} from '@patronus/bgp';
import type { IpAddress } from '@patronus/net';
import { systemClock, systemRandom } from '@patronus/system/linux';
import { Connections } from './connections.ts';

export interface SpeakerLoopOwner {
  /** Never from within a call of the owner's, but for those of `act` and `turn`. */
  onNews(news: SpeakerNews): void;
  /** Once a turn, when what was due is done. Answers whether there is more to do at once. */
  onTurn(): boolean;
  /**
   * The speaker or the owner has thrown, which is a mistake of ours: the loop is of no use any more, but for `stop`. An owner
   * without it gets the error where it happens.
   */
  onFault?(error: unknown): void;
}

const MOST_TIMEOUT_MS = 0x7fff_ffff;

export class SpeakerLoop {
  readonly speaker: Speaker;
  readonly connections: Connections;
  readonly #owner: SpeakerLoopOwner;
  readonly #portOf: (neighbour: NeighbourConfiguration) => number;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isTurnPlanned = false;
  #isStopping = false;
  #isBroken = false;

  /** `portOf`: where a neighbour listens. */
  constructor(
    options: Omit<SpeakerOptions, 'random' | 'seed'>,
    portOf: (neighbour: NeighbourConfiguration) => number,
    owner: SpeakerLoopOwner,
  ) {
    this.#owner = owner;
    this.#portOf = portOf;
    this.speaker = new Speaker({ ...options, random: () => randomWord() / 2 ** 32, seed: randomWord() });
    const { speaker } = this;
    this.connections = new Connections(
      {
        connected: (connection, local) => this.act(() => speaker.connected(connection, local, now())),
        accepted: (connection, remote, local) => this.act(() => speaker.accepted(connection, remote, local, now())),
        received: (connection, bytes) => this.act(() => speaker.received(connection, bytes, now())),
        sent: (connection, waitingBytes) => this.act(() => speaker.sent(connection, waitingBytes, now())),
        closed: (connection, reason) => this.act(() => speaker.closed(connection, reason, now())),
      },
      now,
    );
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Does something to the speaker, and what follows from it: at once what goes to sockets, the rest in the next turn. */
  act(change: () => void): void {
    this.#guard(() => {
      change();
      this.#carryOut(this.speaker.effects());
      this.#planTurn();
    });
  }

  /** A turn at once. */
  turn(): void {
    this.#guard(() => this.#turn());
  }

  /** Every neighbour is told; resolves when all connections are gone. */
  async stop(reason?: string): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearTimeout(this.#timer);
    this.#guard(() => {
      this.speaker.stop(reason, now());
      this.#carryOut(this.speaker.effects());
    });
    await this.connections.stop();
  }

  #guard(work: () => void): void {
    if (this.#isBroken) return;
    try {
      work();
    } catch (error) {
      if (this.#owner.onFault === undefined) throw error;
      this.#isBroken = true;
      this.#owner.onFault(error);
    }
  }

  #planTurn(): void {
    if (this.#isTurnPlanned || this.#isStopping) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.turn();
    });
  }

  /** Timers that are due, updates for neighbours, the owner's share; then again while there is something to do. */
  #turn(): void {
    if (this.#isStopping) return;
    const { speaker } = this;
    const nowMs = now();
    if (speaker.deadline <= nowMs) speaker.tick(nowMs);
    if (speaker.isWork) speaker.work(nowMs);
    this.#carryOut(speaker.effects());
    const hasMore = this.#owner.onTurn();
    if (hasMore || speaker.isWork) this.#planTurn();
    this.#planTimer();
  }

  #planTimer(): void {
    const { deadline } = this.speaker;
    if (deadline === this.#timerAtMs || this.#isStopping) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(0, Math.ceil(deadline - now())), MOST_TIMEOUT_MS);
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      // What waits in sockets is read first: a pause of ours is not silence of a peer.
      this.#planTurn();
    }, delayMs);
  }

  #carryOut(effects: readonly SpeakerEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'connect':
          this.#connect(effect.connection, effect.remote, effect.neighbour);
          break;
        case 'recognized': {
          const { ttl, leastTtl } = socketOptions(effect.neighbour.session);
          this.connections.setHops(effect.connection, { ttl, leastTtl });
          break;
        }
        case 'send':
          this.connections.send(effect.connection, effect.bytes);
          break;
        case 'close':
          this.connections.close(effect.connection);
          break;
        default:
          this.#owner.onNews(effect);
      }
    }
  }

  #connect(connection: number, remote: IpAddress, neighbour: NeighbourConfiguration): void {
    const { ttl, leastTtl, md5Key } = socketOptions(neighbour.session);
    const { localAddress, device } = neighbour;
    this.connections.connect(connection, {
      ...{ remote, port: this.#portOf(neighbour), hops: { ttl, leastTtl } },
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(device === undefined ? {} : { device }),
      ...(md5Key === null ? {} : { md5Key: new TextEncoder().encode(md5Key.reveal()) }),
    });
  }
}

const now = systemClock.monotonicMs;

function randomWord(): number {
  return new DataView(systemRandom.bytes(4).slice().buffer).getUint32(0);
}
