/**
 * Bidirectional Forwarding Detection, as calculations: `session.handle(event, nowMs) → effects`, `session.deadline`. No
 * socket, no clock, no dice: datagrams and times come in as arguments, chance and hash functions through constructors.
 *
 * Refuses to know what a session is for: clients.ts says what its users make of it.
 *
 * Standards: RFC 5880 (complete; not its appendix), RFC 5881 (one hop), RFC 5882 (users), RFC 5883 (several hops).
 */
export * from './authentication/authentication.ts';
export { type Advice, adviceFor, type ClientKind, mayStart } from './clients.ts';
export { ControlPacket, decodeControl, encodeControl, LONGEST_CONTROL, type State, states } from './codec/control.ts';
export { decodeEcho, ECHO_LENGTH, type EchoPacket, encodeEcho } from './codec/echo.ts';
export { Diagnostic, describeDiagnostic } from './diagnostics.ts';
export { type DiscardCounters, type DiscardReason, discardReasons, zeroDiscards } from './discards.ts';
export * from './encapsulation.ts';
export { Demultiplexer } from './session/demultiplexer.ts';
export type { Dice, SessionEffect, SessionEvent, SessionParameters, StateChange } from './session/events.ts';
export { Session, type SessionOptions } from './session/session.ts';
export { transitions } from './session/transitions.ts';
