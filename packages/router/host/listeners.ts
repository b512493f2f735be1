/** Where neighbours may connect to, and with which keys, kept in step with the configuration. */
import { formatAddress, formatPrefix, type IpAddress, type Prefix } from '@patronus/net';
import type { RouterConfiguration } from '../configuration/configuration.ts';
import type { Connections, Listener, PeerKey } from './connections.ts';

type Wanted = Pick<RouterConfiguration, 'listen' | 'port' | 'speaker'>;

export class Listeners {
  readonly #connections: Connections;
  /** By address and port. */
  readonly #open = new Map<string, Listener>();
  #keys = new Map<string, PeerKey>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Throws where an address cannot be had; then all is as it was. */
  async become(wanted: Wanted): Promise<void> {
    const keys = keysOf(wanted);
    const places = new Map(wanted.listen.map((address) => [`${formatAddress(address)} ${wanted.port}`, address]));
    const closed = [...this.#open].filter(([place]) => !places.has(place));
    // First these: a socket at one address cannot listen beside one at all of them.
    for (const [place, listener] of closed) {
      listener.close();
      this.#open.delete(place);
    }
    const opened: string[] = [];
    try {
      for (const [place, address] of places) {
        if (this.#open.has(place)) continue;
        this.#open.set(place, await this.#connections.listen(address, wanted.port, [...keys.values()]));
        opened.push(place);
      }
    } catch (error) {
      for (const place of opened) {
        this.#open.get(place)!.close();
        this.#open.delete(place);
      }
      for (const [place, { address, port }] of closed) {
        this.#open.set(place, await this.#connections.listen(address, port, [...this.#keys.values()]));
      }
      throw error;
    }
    for (const [place, listener] of this.#open) if (!opened.includes(place)) this.#changeKeys(listener, keys);
    this.#keys = keys;
  }

  #changeKeys(listener: Listener, keys: ReadonlyMap<string, PeerKey>): void {
    for (const [text, { peer }] of this.#keys) if (!keys.has(text)) listener.setKey(peer, null);
    for (const [text, { peer, key }] of keys) {
      const before = this.#keys.get(text)?.key;
      if (before === undefined || Buffer.compare(before, key) !== 0) listener.setKey(peer, key);
    }
  }
}

function keysOf({ speaker }: Wanted): Map<string, PeerKey> {
  return new Map(
    speaker.neighbours.flatMap(({ address, session: { md5Key } }): [string, PeerKey][] => {
      if (md5Key === undefined) return [];
      return [[textOf(address), { peer: address, key: new TextEncoder().encode(md5Key.reveal()) }]];
    }),
  );
}

function textOf(peer: IpAddress | Prefix): string {
  return 'length' in peer ? formatPrefix(peer) : formatAddress(peer);
}
