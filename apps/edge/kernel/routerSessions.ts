/** BFD with routers, as one edge has it: the sockets it needs, what it says of uplinks, and words for people. */
import type { BfdPeerConfiguration } from '@patronus/protocol';
import type { Link } from '@patronus/system';
import { NeighbourSockets } from './neighbourSockets.ts';
import { uplinkMark } from './plan.ts';
import { type RouterChange, Routers } from './routers.ts';
import type { UplinkView } from './uplinks.ts';

export class RouterSessions {
  readonly #routers = new Routers();
  readonly #sockets: NeighbourSockets;
  #peers: readonly BfdPeerConfiguration[] = [];

  /** `handOver` gets each new socket under the name that the forwarder knows it by. */
  constructor(handOver: (name: string, fd: number) => void) {
    this.#sockets = new NeighbourSockets(handOver);
  }

  configure(peers: readonly BfdPeerConfiguration[]): void {
    this.#peers = peers;
    this.#routers.configure(peers);
  }

  /** Opens what is missing, and ties anew what moved. The complaints. */
  follow(uplinks: readonly UplinkView[], links: () => readonly Link[]): string[] {
    if (this.#peers.length === 0) return [];
    const present = links();
    return this.#sockets.follow(this.#peers, (name) => {
      const index = present.find((link) => link.name === name)?.index;
      if (index === undefined) return undefined;
      const uplink = uplinks.find((view) => view.interface === name);
      return { index, mark: uplink === undefined ? undefined : uplinkMark(uplink.number) };
    });
  }

  /** Closes what is of no use any more. Only once the forwarder was told. */
  tidy(): void {
    this.#sockets.keep(this.#peers);
  }

  /** These uplinks, down where all routers that they were given are. */
  view(uplinks: readonly UplinkView[]): readonly UplinkView[] {
    return this.#routers.view(uplinks);
  }

  /** Whether it changes what uplinks lead to, and what a person should hear. */
  heard(change: RouterChange): {
    readonly changesUplinks: boolean;
    readonly notice: [code: string, words: string] | null;
  } {
    const { id, state, previous, reason } = change;
    const changesUplinks = this.#routers.heard(change);
    const peer = this.#routers.peer(id);
    if (peer === undefined || state === 'init' || (state !== 'up' && previous !== 'up')) {
      return { changesUplinks, notice: null };
    }
    const where = peer.interface === null ? '' : ` on ${peer.interface}`;
    const code = state === 'up' ? 'BFD_PEER_UP' : 'BFD_PEER_DOWN';
    return { changesUplinks, notice: [code, `BFD with the router ${peer.address}${where} is ${state}: ${reason}`] };
  }

  /** The forwarder that ran the sessions is gone. */
  forget(): void {
    this.#routers.forget();
  }

  close(): void {
    this.#sockets.close();
  }
}
