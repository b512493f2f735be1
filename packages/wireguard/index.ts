/**
 * WireGuard, exactly: handshake, cookies, sessions and timers, as calculations. `Device.handle(event, now) → effects`.
 *
 * Refuses to touch a socket, a clock or a source of randomness: datagrams and times come in as arguments, cryptography
 * and dice through `Primitives`. Transport data does not pass through events: the packet path takes a `Keypair`, seals
 * and opens in its own memory, and reports with the hooks of `Peer`. (`sealTransport` and `openTransport` are the slow
 * and simple way.)
 *
 * Standards: "WireGuard: Next Generation Kernel Network Tunnel" (Donenfeld, NDSS 2017; "paper" in comments), the Noise
 * Protocol Framework (IKpsk2), RFC 7539/8439, RFC 7693, RFC 7748, draft-irtf-cfrg-xchacha, RFC 6479.
 */
export { Device, type DeviceOptions } from './device.ts';
export * from './messages.ts';
export { hChaCha20, noblePrimitives } from './noble.ts';
export type { Primitives, PrivateKey } from './primitives.ts';
export { REPLAY_WINDOW, ReplayWindow } from './replay.ts';
export * from './session/constants.ts';
export { type Counters, type DropReason, dropReasons, zeroCounters } from './session/counters.ts';
export type { DeviceEffect, DeviceEvent, HandshakeFailure, PeerConfiguration } from './session/events.ts';
export type { Keypair } from './session/keypair.ts';
export type { Peer } from './session/peer.ts';
export { innerPacket, paddedLength, TRANSPORT_OVERHEAD, transportNonce } from './session/transport.ts';
export { compareTimestamps, TIMESTAMP_LENGTH, TimestampSource } from './timestamp.ts';
