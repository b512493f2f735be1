/** What is said between the router and the thread that runs BFD for it. */
import type { State } from '@patronus/bfd';
import type { IpAddress } from '@patronus/net';

export interface BfdPeer {
  /** The neighbour's name. */
  readonly id: string;
  readonly address: IpAddress;
  /** Where its packets leave from; the system's choice unless given. */
  readonly localAddress?: IpAddress;
  /** Only over this interface. */
  readonly device?: string;
  /** RFC 5883, rather than 5881. */
  readonly isMultihop: boolean;
  readonly isPassive: boolean;
  readonly intervalMs: number;
  readonly multiplier: number;
}

/** To the thread: these peers and no others, or the end of it. */
export type BfdOrder = { readonly peers: readonly BfdPeer[] } | 'end';

export type BfdNews =
  | {
      readonly kind: 'state';
      readonly id: string;
      readonly state: State;
      /** RFC 5882 §4.2: whoever uses the session takes the neighbour for gone. */
      readonly isFailure: boolean;
      /** For people. */
      readonly reason: string;
    }
  | { readonly kind: 'complaint'; readonly id: string; readonly reason: string };
