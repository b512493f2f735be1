/** What goes into a session, and what comes out of it. */
import type { MessageError } from '../codec/errors.ts';
import type { FamilyKey } from '../codec/families.ts';
import type { RefreshKind } from '../codec/routeRefresh.ts';
import type { Update } from '../codec/update.ts';
import type { NegotiatedSession } from './negotiation.ts';
import type { EventName, State } from './transitions.ts';

/** Names one TCP connection. Those that the session asks for come from `newConnection`, others from the owner. */
export type ConnectionId = number;

export type SessionInput =
  /** A person (ManualStart) or the program itself (AutomaticStart) wants the session. */
  | { readonly kind: 'start'; readonly isAutomatic?: boolean }
  /** It is not wanted any more: Cease 6/2, or 6/3 where the neighbour is taken out of the configuration. */
  | { readonly kind: 'stop'; readonly reason?: string; readonly isDeconfigured?: boolean }
  /** Down and up again: Cease 6/4 with a reason (RFC 9003), or 6/6 where the configuration changed. */
  | { readonly kind: 'reset'; readonly reason?: string; readonly isConfigurationChange?: boolean }
  /** BFD says that the peer cannot be reached (RFC 9384). */
  | { readonly kind: 'bfdDown' }
  /** The connection that `connect` asked for is there. */
  | { readonly kind: 'connected'; readonly connection: ConnectionId }
  /** The peer has connected to us. The answer may be `close`. */
  | { readonly kind: 'accepted'; readonly connection: ConnectionId }
  /** It could not be made, or it ended, from whichever side. */
  | { readonly kind: 'closed'; readonly connection: ConnectionId; readonly reason?: string }
  /** Valid until `handle` returns. */
  | { readonly kind: 'bytes'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  /** The kernel took bytes; so many wait still. Feeds the send hold timer (RFC 9687). */
  | { readonly kind: 'sent'; readonly connection: ConnectionId; readonly waitingBytes: number }
  /** Whole UPDATE messages, one after the other; nothing comes of it unless Established. */
  | { readonly kind: 'sendUpdates'; readonly bytes: Uint8Array }
  /** Ask for the peer's routes again, where both can (RFC 2918); or the borders of an answer to it (RFC 7313). */
  | { readonly kind: 'sendRefresh'; readonly family: FamilyKey; readonly refresh: RefreshKind }
  /** `deadline` has come, and every byte that arrived by now was handed over. */
  | { readonly kind: 'tick' };

/** Why a session, or an attempt at one, ended. */
export interface DownReason {
  readonly event: EventName;
  /** The NOTIFICATION, ours or the peer's; null: there was none. */
  readonly notification: {
    readonly from: 'local' | 'peer';
    readonly code: number;
    readonly subcode: number;
    /** What a person wrote (RFC 9003). */
    readonly communication: string | null;
  } | null;
  /** For people. */
  readonly text: string;
}

export type SessionEffect =
  | { readonly kind: 'connect'; readonly connection: ConnectionId }
  /** After what was sent before it has left. */
  | { readonly kind: 'close'; readonly connection: ConnectionId }
  | { readonly kind: 'send'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  | { readonly kind: 'state'; readonly from: State; readonly to: State; readonly event: EventName }
  | {
      readonly kind: 'established';
      readonly negotiated: NegotiatedSession;
      readonly connection: ConnectionId;
      /** Both OPENs as whole messages, for who watches (RFC 7854 §4.10). */
      readonly sentOpen: Uint8Array;
      readonly receivedOpen: Uint8Array;
    }
  /** Only without an `updates` of the owner's. */
  | { readonly kind: 'update'; readonly update: Update }
  | { readonly kind: 'endOfRib'; readonly family: FamilyKey }
  | { readonly kind: 'refresh'; readonly family: FamilyKey; readonly refresh: RefreshKind }
  /**
   * It was Established and is not. Routes of `retained` families are kept and marked stale (RFC 4724 §4.2); those that
   * were stale already, and all others, go.
   */
  | { readonly kind: 'down'; readonly reason: DownReason; readonly retained: readonly FamilyKey[] }
  /** An attempt, or a second connection, came to nothing. */
  | { readonly kind: 'failed'; readonly reason: DownReason }
  /** What is still stale of the family goes. */
  | { readonly kind: 'sweep'; readonly family: FamilyKey }
  /** What is stale of the family gets LLGR_STALE and is least preferred; what has NO_LLGR goes (RFC 9494 §4.2). */
  | { readonly kind: 'longLivedStale'; readonly family: FamilyKey }
  | {
      readonly kind: 'prefixWarning';
      readonly family: FamilyKey;
      readonly count: number;
      readonly most: number;
      readonly isExceeded: boolean;
    };

/**
 * What the owner makes of UPDATEs, where it does not want them decoded: called for each body in turn, while `handle`
 * runs. The body is a view that holds until it answers.
 */
export interface UpdateReceiver {
  /** An error ends the session with its NOTIFICATION; a family: it was End-of-RIB. */
  update(body: Uint8Array, negotiated: NegotiatedSession): MessageError | { readonly endOfRib: FamilyKey } | undefined;
  /** Prefixes that the peer has announced by now, for its limits; asked after each UPDATE. */
  prefixes?(family: FamilyKey): number;
}
