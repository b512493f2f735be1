/** What a speaker asks of its owner. */
import type { IpAddress } from '@patronus/net';
import type { ConnectionId } from '../session/effects.ts';
import type { State } from '../session/transitions.ts';
import type { NeighbourConfiguration } from './configuration.ts';

export type SpeakerEffect =
  /** Make a connection, with what `socketOptions(neighbour.session)` says; answer with `connected` or `closed`. */
  | {
      readonly kind: 'connect';
      readonly connection: ConnectionId;
      readonly remote: IpAddress;
      readonly neighbour: NeighbourConfiguration;
    }
  /** Of a connection that was accepted it is known now whose it is: set what `socketOptions` says. */
  | { readonly kind: 'recognized'; readonly connection: ConnectionId; readonly neighbour: NeighbourConfiguration }
  /** The bytes are the owner's. */
  | { readonly kind: 'send'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  /** After what was sent before it has left. */
  | { readonly kind: 'close'; readonly connection: ConnectionId }
  /** For people, and for whoever has to know at once. */
  | SpeakerNews;

export type SpeakerNews =
  | { readonly kind: 'state'; readonly neighbour: string; readonly from: State; readonly to: State }
  | { readonly kind: 'down'; readonly neighbour: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly neighbour: string; readonly reason: string }
  | { readonly kind: 'refused'; readonly remote: IpAddress; readonly reason: string }
  | {
      readonly kind: 'prefixWarning';
      readonly neighbour: string;
      readonly family: string;
      readonly count: number;
      readonly most: number;
      readonly isExceeded: boolean;
    };
