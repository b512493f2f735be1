/** Who watches what neighbours do, besides the RIB: called while it happens, and asked for nothing. */
import type { Negotiated } from '../codec/update.ts';
import type { DownReason } from '../session/effects.ts';
import type { Neighbour } from './neighbour.ts';

export interface SpeakerMonitor {
  established(neighbour: Neighbour): void;
  /** An UPDATE was taken in. The body is a view that holds until it answers. */
  update(neighbour: Neighbour, body: Uint8Array, negotiated: Negotiated): void;
  down(neighbour: Neighbour, reason: DownReason): void;
}
