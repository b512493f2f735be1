/**
 * One speaker on the edge's event loop: connections, timers, updates, each so much at a time. What it learns and what
 * happens to its sessions is told to its owner, never from within a call.
 */
import {
  type NeighbourConfiguration,
  Speaker,
  type SpeakerConfiguration,
  type SpeakerEffect,
  type SpeakerNews,
  socketOptions,
} from '@patronus/bgp';
import { formatAddress, type IpAddress } from '@patronus/net';
import { Connections, type Listener, type PeerKey } from '@patronus/router/host';
import { systemClock, systemRandom } from '@patronus/system/linux';
import { messageOf } from '../errors.ts';
import type { Change } from './learned.ts';
import { type Place, placeText } from './listening.ts';

/** What the machine around the speaker knows; asked whenever a next hop is looked at. */
export interface Surroundings {
  /** undefined: the next hop cannot be reached. */
  interiorCost(nextHop: Uint8Array): number | undefined;
  isOwnAddress(address: Uint8Array): boolean;
  ownNextHops(local: IpAddress): { readonly ipv4?: Uint8Array; readonly ipv6?: Uint8Array };
}

export interface SpeakingEvents {
  onChanges(changes: readonly Change[]): void;
  onNews(news: SpeakerNews): void;
  /** It cannot listen there. */
  onDeaf(place: string, reason: string): void;
  /** The speaker has thrown, which is a mistake of ours: it is of no use any more, but for `stop`. */
  onFault(error: unknown): void;
}

const BGP_PORT = 179;
/** Changes of routes that are taken in one turn. */
const TURN_CHANGES = 2_048;
const MOST_TIMEOUT_MS = 0x7fff_ffff;

export class Speaking {
  readonly speaker: Speaker;
  readonly #events: SpeakingEvents;
  readonly #connections: Connections;
  /** By place; undefined: it is being opened. */
  readonly #listeners = new Map<string, Listener | undefined>();
  /** By address of the neighbour, as listeners have them. */
  #keys: ReadonlyMap<string, PeerKey>;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isTurnPlanned = false;
  #isStopping = false;
  #isBroken = false;

  constructor(configuration: SpeakerConfiguration, surroundings: Surroundings, events: SpeakingEvents) {
    this.#events = events;
    this.#keys = keysOf(configuration);
    this.speaker = new Speaker({
      configuration,
      random: () => randomWord() / 2 ** 32,
      seed: randomWord(),
      interiorCost: (nextHop) => surroundings.interiorCost(nextHop),
      isOwnAddress: (address) => surroundings.isOwnAddress(address),
      ownNextHops: (local) => surroundings.ownNextHops(local),
      wantsChanges: true,
    });
    const { speaker } = this;
    this.#connections = new Connections(
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

  start(): void {
    this.act(() => this.speaker.start(now()));
  }

  /** Becomes another one: sessions that nothing new is said about go on. */
  reconfigure(configuration: SpeakerConfiguration): void {
    const before = this.#keys;
    this.#keys = keysOf(configuration);
    for (const listener of this.#listeners.values()) if (listener !== undefined) this.#changeKeys(listener, before);
    this.act(() => this.speaker.reconfigure(configuration, now()));
  }

  /** Listens there and nowhere else; what was listened at before goes on. */
  listen(places: readonly Place[]): void {
    const wanted = new Map(places.map((place) => [placeText(place), place]));
    for (const [text, listener] of this.#listeners) {
      if (wanted.has(text)) continue;
      listener?.close();
      this.#listeners.delete(text);
    }
    for (const [text, place] of wanted) if (!this.#listeners.has(text)) void this.#listenAt(text, place);
  }

  async #listenAt(text: string, { address, device }: Place): Promise<void> {
    this.#listeners.set(text, undefined);
    const keys = this.#keys;
    try {
      const listener = await this.#connections.listen(address, BGP_PORT, [...keys.values()], device);
      if (this.#isStopping || !this.#listeners.has(text)) {
        listener.close();
        return;
      }
      this.#listeners.set(text, listener);
      this.#changeKeys(listener, keys);
    } catch (error) {
      this.#listeners.delete(text);
      if (!this.#isStopping) this.#events.onDeaf(text, messageOf(error));
    }
  }

  /** `before`: what the listener has. */
  #changeKeys(listener: Listener, before: ReadonlyMap<string, PeerKey>): void {
    for (const [text, { peer }] of before) if (!this.#keys.has(text)) listener.setKey(peer, null);
    for (const [text, { peer, key }] of this.#keys) {
      const known = before.get(text)?.key;
      if (known === undefined || Buffer.compare(known, key) !== 0) listener.setKey(peer, key);
    }
  }

  /** Does something to the speaker, and what follows from it. */
  act(change: () => void): void {
    this.#guard(() => {
      change();
      this.#carryOut(this.speaker.effects());
      this.#planTurn();
    });
  }

  /** Every neighbour is told; resolves when all connections are gone. */
  async stop(reason: string): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearTimeout(this.#timer);
    this.#guard(() => {
      this.speaker.stop(reason, now());
      this.#carryOut(this.speaker.effects());
    });
    await this.#connections.stop();
  }

  /** A mistake in the speaker ends its sessions, never the edge. */
  #guard(work: () => void): void {
    if (this.#isBroken) return;
    try {
      work();
    } catch (error) {
      this.#isBroken = true;
      this.#events.onFault(error);
    }
  }

  #planTurn(): void {
    if (this.#isTurnPlanned || this.#isStopping) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#guard(() => this.#turn());
    });
  }

  /** Timers that are due, updates for neighbours, changes for the owner; again while there is something to do. */
  #turn(): void {
    if (this.#isStopping) return;
    const { speaker } = this;
    const nowMs = now();
    if (speaker.deadline <= nowMs) speaker.tick(nowMs);
    if (speaker.isWork) speaker.work(nowMs);
    this.#carryOut(speaker.effects());
    const changes = speaker.changes(TURN_CHANGES);
    if (changes.length > 0) this.#events.onChanges(changes);
    if (speaker.isWork || changes.length === TURN_CHANGES) this.#planTurn();
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
          this.#connections.setHops(effect.connection, { ttl, leastTtl });
          break;
        }
        case 'send':
          this.#connections.send(effect.connection, effect.bytes);
          break;
        case 'close':
          this.#connections.close(effect.connection);
          break;
        default:
          this.#events.onNews(effect);
      }
    }
  }

  #connect(connection: number, remote: IpAddress, neighbour: NeighbourConfiguration): void {
    const { ttl, leastTtl, md5Key } = socketOptions(neighbour.session);
    const { localAddress, device } = neighbour;
    this.#connections.connect(connection, {
      ...{ remote, port: BGP_PORT, hops: { ttl, leastTtl } },
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

function keysOf({ neighbours }: SpeakerConfiguration): Map<string, PeerKey> {
  return new Map(
    neighbours.flatMap(({ address, session: { md5Key } }): [string, PeerKey][] => {
      if (md5Key === undefined || 'length' in address) return [];
      return [[formatAddress(address), { peer: address, key: new TextEncoder().encode(md5Key.reveal()) }]];
    }),
  );
}
