/**
 * What BFD says of routers, for whoever goes by it (RFC 5882): an uplink whose router is gone leads nowhere, whatever its
 * carrier says.
 */
import { adviceFor } from '@patronus/bfd';
import type { ForwarderEvent } from '@patronus/forwarder';
import type { BfdPeerConfiguration } from '@patronus/protocol';
import type { UplinkView } from './uplinks.ts';

export type RouterChange = Extract<ForwarderEvent, { type: 'bfdPeerState' }>;

/** By peer id. A session that never said anything says nothing against its router either. */
export class Routers {
  readonly #withdrawn = new Set<string>();
  #peers: readonly BfdPeerConfiguration[] = [];

  configure(peers: readonly BfdPeerConfiguration[]): void {
    this.#peers = peers;
    for (const id of this.#withdrawn) if (!peers.some((peer) => peer.id === id)) this.#withdrawn.delete(id);
  }

  peer(id: string): BfdPeerConfiguration | undefined {
    return this.#peers.find((peer) => peer.id === id);
  }

  /** Whether it changes what uplinks lead to. */
  heard(change: RouterChange): boolean {
    // On its way up: what was decided before stays until it is.
    if (change.state === 'init' || this.peer(change.id) === undefined) return false;
    const was = this.#withdrawn.has(change.id);
    if (adviceFor('path', change) === 'withdraw') this.#withdrawn.add(change.id);
    else this.#withdrawn.delete(change.id);
    return was !== this.#withdrawn.has(change.id);
  }

  /** The forwarder that ran the sessions is gone: nothing is known until its successor's are up. */
  forget(): void {
    this.#withdrawn.clear();
  }

  /** These uplinks, down where all routers that they were given are. */
  view(uplinks: readonly UplinkView[]): readonly UplinkView[] {
    if (this.#withdrawn.size === 0) return uplinks;
    return uplinks.map((uplink) => (this.#leadsNowhere(uplink.interface) ? { ...uplink, isUp: false } : uplink));
  }

  #leadsNowhere(name: string): boolean {
    const routers = this.#peers.filter((peer) => peer.interface === name);
    return routers.length > 0 && routers.every(({ id }) => this.#withdrawn.has(id));
  }
}
