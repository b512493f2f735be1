/**
 * What one monitoring station is told (RFC 7854 §3.3, §5): who is up and what each of them has announced so far, then what
 * comes, as it comes. A calculation: it answers with messages, and is asked for the next piece of the tables when there is
 * room for it. UPDATEs that were malformed are told as what they were taken for (RFC 7606), never as they came.
 */

import { Verdict } from '../codec/attributes/table.ts';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST } from '../codec/families.ts';
import { frame, MessageType } from '../codec/header.ts';
import { attribute, decodeUpdate, encodeUpdate, type Negotiated } from '../codec/update.ts';
import type { FamilyRib } from '../rib/familyRib.ts';
import type { DownReason } from '../session/effects.ts';
import type { Neighbour } from '../speaker/neighbour.ts';
import { ribFamilies, type SpeakerRoutes } from '../speaker/routes.ts';
import {
  type BmpPeer,
  encodeInitiation,
  encodePeerDown,
  encodePeerUp,
  encodeRouteMonitoring,
  type TimestampUs,
} from './messages.ts';

export interface FeedOptions {
  readonly routes: SpeakerRoutes;
  readonly neighbours: () => Iterable<Neighbour>;
  readonly portsOf: (neighbour: Neighbour) => { readonly localPort: number; readonly remotePort: number };
  readonly nowUs: () => TimestampUs;
  readonly systemDescription: string;
  readonly systemName: string;
}

const nothing = new Uint8Array(0);

export class StationFeed {
  readonly #options: FeedOptions;
  /** By the number of its RIB peer: who is told as up. */
  readonly #up = new Map<number, { readonly neighbour: Neighbour; readonly peer: BmpPeer }>();
  /** Where the walk through the tables is; at the end of the families it is over. */
  #family = 0;
  #slot = 1;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** The tables have not been told in full yet. */
  get hasMore(): boolean {
    return this.#family < ribFamilies.length;
  }

  /** The first messages of a connection. */
  begin(): Uint8Array[] {
    const { systemDescription, systemName, neighbours } = this.#options;
    const messages: Uint8Array[] = [encodeInitiation(systemDescription, systemName)];
    this.#up.clear();
    this.#family = 0;
    this.#slot = 1;
    for (const neighbour of neighbours()) messages.push(...this.established(neighbour));
    return messages;
  }

  established(neighbour: Neighbour): Uint8Array[] {
    const { session, opens } = neighbour;
    const { negotiated, connection } = session;
    const local = connection === null ? undefined : neighbour.locals.get(connection);
    if (negotiated === undefined || opens === undefined || local === undefined || neighbour.peer === 0) return [];
    const peer: BmpPeer = {
      ...{ address: neighbour.address.bytes, as: negotiated.peerAs, identifier: negotiated.peerIdentifier },
      ...{ isTwoOctetAs: !negotiated.isFourOctetAs, isAfterPolicy: false, isOut: false },
    };
    this.#up.set(neighbour.peer, { neighbour, peer });
    const ports = this.#options.portsOf(neighbour);
    return [encodePeerUp(peer, this.#options.nowUs(), { localAddress: local.bytes, ...ports, ...opens })];
  }

  update(neighbour: Neighbour, body: Uint8Array, negotiated: Negotiated): Uint8Array[] {
    const up = this.#up.get(neighbour.peer);
    if (up === undefined) return [];
    const atUs = this.#options.nowUs();
    return asTaken(body, negotiated).map((message) => encodeRouteMonitoring(up.peer, atUs, message));
  }

  down(neighbour: Neighbour, reason: DownReason): Uint8Array[] {
    const up = this.#up.get(neighbour.peer);
    if (up === undefined) return [];
    this.#up.delete(neighbour.peer);
    return [encodePeerDown(up.peer, this.#options.nowUs(), reason)];
  }

  /** About so many bytes of the tables; at the end of each family End-of-RIB of every peer. */
  next(mostBytes: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    const { rib } = this.#options.routes;
    let bytes = 0;
    while (this.hasMore && bytes < mostBytes) {
      const key = ribFamilies[this.#family]!;
      const family = rib.family(key);
      if (family === undefined || this.#slot > family.prefixes.highest) {
        messages.push(...this.#endOfRib(key));
        this.#family += 1;
        this.#slot = 1;
        continue;
      }
      const slot = this.#slot++;
      for (let route = family.firstOf(slot); route !== 0; route = family.nextOf(route)) {
        const message = this.#route(family, slot, route);
        if (message === undefined) continue;
        messages.push(message);
        bytes += message.length;
      }
      // Slots without a route cost something too.
      bytes += 1;
    }
    return messages;
  }

  #route(family: FamilyRib, slot: number, route: number): Uint8Array | undefined {
    const up = this.#up.get(family.peerOf(route));
    const negotiated = up?.neighbour.session.negotiated;
    if (up === undefined || negotiated === undefined) return undefined;
    const { address, length } = family.prefixAt(slot);
    const pathId = family.pathIdOf(route);
    const octets = (length + 7) >>> 3;
    const head = negotiated.addPath.has(family.family)
      ? [pathId >>> 24, pathId >>> 16, pathId >>> 8, pathId, length]
      : [length];
    const prefix = Uint8Array.of(...head, ...address.subarray(0, octets));
    const values = this.#options.routes.rib.table.valuesOf(family.receivedOf(route));
    const isReach = values.some(({ code }) => code === AttributeCode.mpReach);
    const attributes = values.map((one): PathAttribute => {
      return one.code === AttributeCode.mpReach ? { ...one, value: { ...one.value, nlri: prefix } } : one;
    });
    const update = encodeUpdate({ withdrawn: nothing, nlri: isReach ? nothing : prefix, attributes }, negotiated);
    return encodeRouteMonitoring(up.peer, this.#options.nowUs(), update);
  }

  #endOfRib(key: FamilyKey): Uint8Array[] {
    const unreach = key === IPV4_UNICAST ? [] : [attribute(AttributeCode.mpUnreach, { family: key, nlri: nothing })];
    return [...this.#up.values()].flatMap(({ neighbour, peer }) => {
      const { negotiated } = neighbour.session;
      if (negotiated?.families.has(key) !== true) return [];
      const update = encodeUpdate({ withdrawn: nothing, nlri: nothing, attributes: unreach }, negotiated);
      return [encodeRouteMonitoring(peer, this.#options.nowUs(), update)];
    });
  }
}

/** The UPDATE as it came where nothing was wrong with it, otherwise as what it was taken for. */
export function asTaken(body: Uint8Array, negotiated: Negotiated): Uint8Array[] {
  const decoded = decodeUpdate(body, negotiated);
  if (!decoded.ok) return [];
  const { complaints, verdict, withdrawn, nlri, attributes, reach, unreach } = decoded.value;
  if (complaints.length === 0) return [frame(MessageType.update, body)];
  if (verdict !== Verdict.withdraw) return [encodeUpdate({ withdrawn, nlri, attributes }, negotiated)];
  const gone = Uint8Array.of(...withdrawn, ...nlri);
  const families = [unreach, reach].flatMap((one) => (one === undefined || one.nlri.length === 0 ? [] : [one]));
  const messages = families.map(({ family, nlri: prefixes }) => {
    const told = attribute(AttributeCode.mpUnreach, { family, nlri: prefixes });
    return encodeUpdate({ withdrawn: nothing, nlri: nothing, attributes: [told] }, negotiated);
  });
  if (gone.length > 0) messages.push(encodeUpdate({ withdrawn: gone, nlri: nothing, attributes: [] }, negotiated));
  return messages;
}
