/**
 * The edge's speaker on its event loop: where it listens, with which keys, and what it learns, so much at a time. That and
 * what happens to its sessions is told to its owner.
 */
import type { Speaker, SpeakerConfiguration, SpeakerNews } from '@patronus/bgp';
import { formatAddress, type IpAddress } from '@patronus/net';
import { type Listener, type PeerKey, SpeakerLoop } from '@patronus/router/host';
import { systemClock } from '@patronus/system/linux';
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

export class Speaking {
  readonly #events: SpeakingEvents;
  readonly #loop: SpeakerLoop;
  /** By place; undefined: it is being opened. */
  readonly #listeners = new Map<string, Listener | undefined>();
  /** By address of the neighbour, as listeners have them. */
  #keys: ReadonlyMap<string, PeerKey>;

  constructor(configuration: SpeakerConfiguration, surroundings: Surroundings, events: SpeakingEvents) {
    this.#events = events;
    this.#keys = keysOf(configuration);
    this.#loop = new SpeakerLoop(
      {
        configuration,
        interiorCost: (nextHop) => surroundings.interiorCost(nextHop),
        isOwnAddress: (address) => surroundings.isOwnAddress(address),
        ownNextHops: (local) => surroundings.ownNextHops(local),
        wantsChanges: true,
      },
      () => BGP_PORT,
      {
        onNews: (news) => events.onNews(news),
        onTurn: () => this.#learn(),
        // A mistake in the speaker ends its sessions, never the edge.
        onFault: (error) => events.onFault(error),
      },
    );
  }

  get speaker(): Speaker {
    return this.#loop.speaker;
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
      const listener = await this.#loop.connections.listen(address, BGP_PORT, [...keys.values()], device);
      if (this.#loop.isStopping || !this.#listeners.has(text)) {
        listener.close();
        return;
      }
      this.#listeners.set(text, listener);
      this.#changeKeys(listener, keys);
    } catch (error) {
      this.#listeners.delete(text);
      if (!this.#loop.isStopping) this.#events.onDeaf(text, messageOf(error));
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
    this.#loop.act(change);
  }

  /** Every neighbour is told; resolves when all connections are gone. */
  stop(reason: string): Promise<void> {
    return this.#loop.stop(reason);
  }

  /** Whether there is more. */
  #learn(): boolean {
    const changes = this.speaker.changes(TURN_CHANGES);
    if (changes.length > 0) this.#events.onChanges(changes);
    return changes.length === TURN_CHANGES;
  }
}

const now = systemClock.monotonicMs;

function keysOf({ neighbours }: SpeakerConfiguration): Map<string, PeerKey> {
  return new Map(
    neighbours.flatMap(({ address, session: { md5Key } }): [string, PeerKey][] => {
      if (md5Key === undefined || 'length' in address) return [];
      return [[formatAddress(address), { peer: address, key: new TextEncoder().encode(md5Key.reveal()) }]];
    }),
  );
}
