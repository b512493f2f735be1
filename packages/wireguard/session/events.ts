import type { Endpoint } from '@patronus/net';
import type { PrivateKey } from '../primitives.ts';
import type { Keypair } from './keypair.ts';
import type { Peer } from './peer.ts';

/** What a peer is, as the configuration says. */
export interface PeerConfiguration {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes; absent is the same as all zero. */
  readonly presharedKey?: Uint8Array;
  /** Where it may be, the likeliest first. Empty: we wait until it calls. */
  readonly endpoints: readonly Endpoint[];
  /** Milliseconds between packets that keep a session and the NAT in front of it alive; 0 or absent is off. */
  readonly persistentKeepalive?: number;
  /** Whether an inner packet of this peer may come from this address (4 or 16 bytes; a view, not to be kept). */
  readonly isAllowedSource: (address: Uint8Array) => boolean;
}

/** What can happen to a device. `now` travels beside it. */
export type DeviceEvent =
  /** The bytes may be overwritten after the call. */
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly from: Endpoint }
  /** `deadline` has come. */
  | { readonly kind: 'tick' }
  /** There is something for this peer: have a session ready. */
  | { readonly kind: 'wantToSend'; readonly peer: Peer }
  /** The owner knows that this session is dead, or wants another try now: a new handshake at once, whatever the timers. */
  | { readonly kind: 'restartHandshake'; readonly peer: Peer }
  /** Adds a peer, or changes the one with this public key; its session stays. */
  | { readonly kind: 'peerSet'; readonly peer: PeerConfiguration }
  | { readonly kind: 'peerRemoved'; readonly publicKey: Uint8Array }
  /** Sessions stay until their time is over; handshakes under way start again with the new key. */
  | { readonly kind: 'keyReplaced'; readonly privateKey: PrivateKey };

/** What the owner has to do, in this order. */
export type DeviceEffect =
  /** `initiationOf`: it is this peer's initiation, which the owner may send to other candidate endpoints as well. */
  | { readonly kind: 'send'; readonly to: Endpoint; readonly bytes: Uint8Array; readonly initiationOf?: Peer }
  /** Packets with this local index can now be opened. Not yet a session to send with. */
  | { readonly kind: 'keypairCreated'; readonly peer: Peer; readonly keypair: Keypair }
  /** The handshake is complete at both ends: send with this keypair. */
  | { readonly kind: 'sessionEstablished'; readonly peer: Peer; readonly keypair: Keypair }
  /** Its keys are zeroed already; forget copies of them. */
  | { readonly kind: 'keypairRetired'; readonly peer: Peer; readonly keypair: Keypair }
  /** Authenticated packets now come from there, so answers go there. */
  | { readonly kind: 'endpointChanged'; readonly peer: Peer; readonly endpoint: Endpoint }
  | { readonly kind: 'handshakeFailed'; readonly peer: Peer; readonly reason: HandshakeFailure }
  /** Slow path only (a transport message given to `handle`): an inner packet, allowed and without its padding. */
  | { readonly kind: 'packet'; readonly peer: Peer; readonly bytes: Uint8Array };

/**
 * `noEndpoint`: no address is known; give the peer one or wait until it calls.
 * `noAnswer`: nothing useful came back for REKEY_ATTEMPT_TIME; check addresses, firewalls, both public keys, the
 * preshared key. The next packet to send starts again.
 * `badPublicKey`: the peer's key is a point of low order, which no honest peer has.
 */
export type HandshakeFailure = 'noEndpoint' | 'noAnswer' | 'badPublicKey';
