import type { Primitives, PrivateKey } from '../primitives.ts';
import type { Counters } from './counters.ts';
import type { DeviceEffect } from './events.ts';
import type { Keypair } from './keypair.ts';
import type { Peer } from './peer.ts';

/** What a peer needs of the device it belongs to. */
export interface PeerHost {
  readonly primitives: Primitives;
  readonly privateKey: PrivateKey;
  readonly counters: Counters;
  emit(effect: DeviceEffect): void;
  /** There is something to do at this time. */
  wake(at: number): void;
  /** A random 32-bit index that nothing else on this device has. */
  freeIndex(): number;
  bindIndex(index: number, owner: Peer | Keypair): void;
  releaseIndex(index: number): void;
  /** A TAI64N label greater than every one before. */
  nextTimestamp(): Uint8Array;
}
