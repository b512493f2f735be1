import type { ControlPacket, State } from '../codec/control.ts';
import type { EchoPacket } from '../codec/echo.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { type DiscardReason, discardReasons } from '../discards.ts';

/** What both ends negotiate about; may change at any time. Intervals in µs, as on the wire. */
export interface SessionParameters {
  /** How often this end would like to send; while the session is not Up at most once a second (§6.8.3). */
  readonly desiredMinTxIntervalUs: number;
  /** How often it can stand to receive; 0: it wants no periodic packets. */
  readonly requiredMinRxIntervalUs: number;
  /** How often it can stand to send echo packets back; 0 (the default): it does not. */
  readonly requiredMinEchoRxIntervalUs?: number;
  /** 1…255: the other end takes us for gone after so many intervals. */
  readonly detectMultiplier: number;
  /** Wants the other end to be silent while both are Up (§6.6). Then `verify` asks whether it is still there. */
  readonly demandMode?: boolean;
  /** How often to send echo packets when the other end allows it; 0 (the default): never. */
  readonly echoIntervalUs?: number;
}

export type SessionEvent =
  /** For this session and decoded without complaint. `bytes` at `offset` is the packet as it came. */
  | {
      readonly kind: 'packet';
      readonly packet: ControlPacket;
      readonly bytes: Uint8Array;
      readonly offset: number;
    }
  /** An echo packet came back. */
  | { readonly kind: 'echo'; readonly packet: EchoPacket }
  /** `deadline` has come, and every packet that arrived by now was handed over. */
  | { readonly kind: 'tick' }
  /** The last packet could not leave, and now one can: say it without waiting for the next turn. */
  | { readonly kind: 'resend' }
  | { readonly kind: 'configure'; readonly parameters: SessionParameters }
  /** Demand mode: ask now whether the other end is there (§6.6). */
  | { readonly kind: 'verify' }
  /** §6.8.16. */
  | { readonly kind: 'disable' }
  | { readonly kind: 'enable' }
  /** Something else than BFD knows that it cannot work: the interface is gone (§4.1), the forwarding plane was reset (§6.8.15). */
  | { readonly kind: 'fail'; readonly diagnostic: typeof Diagnostic.pathDown | typeof Diagnostic.forwardingPlaneReset }
  /** A path joined to this one failed; the session itself goes on (§6.8.17). `none`: it works again. */
  | {
      readonly kind: 'concatenatedPath';
      readonly diagnostic:
        | typeof Diagnostic.concatenatedPathDown
        | typeof Diagnostic.reverseConcatenatedPathDown
        | typeof Diagnostic.none;
    };

/** What a change of state was, for whoever uses the session (RFC 5882). */
export interface StateChange {
  readonly kind: 'state';
  readonly state: State;
  readonly previous: State;
  /** Why, by this end (§4.1). */
  readonly diagnostic: number;
  readonly remoteState: State;
  readonly remoteDiagnostic: number;
  /** The other end said so itself, or was not heard. */
  readonly cause: 'remote' | 'expired' | 'echoFailed' | 'local';
  /** ms since the last valid packet; null: there never was one. */
  readonly silentForMs: number | null;
}

export type SessionEffect =
  /** Send a Control packet now: `write(bytes, offset, isFinal)` says what. */
  | { readonly kind: 'send'; readonly isFinal: boolean }
  /** Send an echo packet now: `writeEcho`. */
  | { readonly kind: 'sendEcho' }
  | StateChange
  /** The packet at hand was discarded, and counted. */
  | { readonly kind: 'discarded'; readonly reason: DiscardReason };

// Made once, so that a packet costs no allocation.
export const SEND: SessionEffect = { kind: 'send', isFinal: false };
export const SEND_FINAL: SessionEffect = { kind: 'send', isFinal: true };
export const SEND_ECHO: SessionEffect = { kind: 'sendEcho' };
export const DISCARDED = Object.fromEntries(
  discardReasons.map((reason) => [reason, { kind: 'discarded', reason }]),
) as Readonly<Record<DiscardReason, SessionEffect>>;

/** Randomness, from outside. */
export interface Dice {
  /** A whole number of 0…2^32 − 1. */
  random32(): number;
  /**
   * When the next packet leaves: any moment of the span (ms), by chance, so that systems do not fall into step
   * (§6.8.7). An owner of many sessions may choose one on which it wakes anyway.
   */
  moment(earliestMs: number, latestMs: number): number;
}
