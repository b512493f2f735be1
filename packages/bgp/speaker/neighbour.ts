/** One neighbour of a speaker: its session, and what the RIB knows it as while that is Established. */
import type { IpAddress } from '@patronus/net';
import type { FamilyKey } from '../codec/families.ts';
import type { ConnectionId } from '../session/effects.ts';
import type { Session } from '../session/session.ts';
import type { NeighbourConfiguration } from './configuration.ts';

/** Bytes that may wait at a connection before no more updates are made for it. */
export const MOST_WAITING_BYTES = 256 * 1_024;

export class Neighbour {
  configuration: NeighbourConfiguration;
  readonly name: string;
  /** One address, also where the configuration has a prefix. */
  readonly address: IpAddress;
  /** It connected from a prefix and is forgotten when it goes. */
  readonly isDynamic: boolean;
  readonly session: Session;
  /** Of its RIB peer; 0: it has none yet. */
  peer = 0;
  isDisabled = false;
  /** Families of which it has told all that it had, in this session. */
  readonly endsOfRib = new Set<FamilyKey>();
  /** Both OPENs of the session that is Established, or was last, as whole messages. */
  opens: { readonly sentOpen: Uint8Array; readonly receivedOpen: Uint8Array } | undefined;
  /** By connection: our address on it. */
  readonly locals = new Map<ConnectionId, IpAddress>();
  readonly waiting = new Map<ConnectionId, number>();

  constructor(
    configuration: NeighbourConfiguration,
    identity: { readonly name: string; readonly address: IpAddress; readonly isDynamic: boolean },
    session: Session,
  ) {
    this.configuration = configuration;
    this.name = identity.name;
    this.address = identity.address;
    this.isDynamic = identity.isDynamic;
    this.session = session;
    this.isDisabled = configuration.isDisabled === true;
  }

  /** Whether more updates would only wait. */
  get isCongested(): boolean {
    const { connection } = this.session;
    return connection === null || (this.waiting.get(connection) ?? 0) >= MOST_WAITING_BYTES;
  }

  forget(connection: ConnectionId): void {
    this.locals.delete(connection);
    this.waiting.delete(connection);
  }
}
