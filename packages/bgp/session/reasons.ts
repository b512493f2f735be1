/** Why a session ends: what is told to the peer, and what to people. */
import { type MessageError, messageError, Notice, noticeName } from '../codec/errors.ts';
import { decodeNotification, encodeCommunication, type Notification } from '../codec/notification.ts';
import type { DownReason } from './effects.ts';
import type { EventName, State } from './transitions.ts';

const nothing = new Uint8Array(0);
/** RFC 6608 §3, by state. */
const stateMachineNotices = {
  OpenSent: Notice.unexpectedInOpenSent,
  OpenConfirm: Notice.unexpectedInOpenConfirm,
  Established: Notice.unexpectedInEstablished,
} as const;
/**
 * Ends after which stale routes would do harm, or that a person wants to be complete: they are told as Hard Reset
 * where a NOTIFICATION alone would be taken for the start of a graceful restart (RFC 8538 §3).
 */
const hardResets: ReadonlySet<number> = new Set(
  [
    ...[Notice.maximumPrefixes, Notice.administrativeShutdown, Notice.peerDeconfigured],
    ...[Notice.administrativeReset, Notice.bfdDown],
  ].map(([, subcode]) => subcode as number),
);
const CEASE = 6;
const [, HARD_RESET] = Notice.hardReset;

/** Cease with the words of a person (RFC 9003 §2). */
export function cease(notice: readonly [number, number], reason: string | undefined): MessageError {
  const data = reason === undefined || reason === '' ? nothing : encodeCommunication(reason);
  return messageError(notice, reason ?? '', data);
}

export function stateMachineError(state: State, event: EventName): MessageError {
  const notice = stateMachineNotices[state as keyof typeof stateMachineNotices];
  return messageError(notice, `${event} in ${state}`);
}

/** More prefixes than allowed, or a person: no fault of a message (RFC 4271 §8.1.2, AutomaticStop). */
export function isCease({ code }: MessageError): boolean {
  return code === CEASE;
}

export function isHard({ code, subcode }: MessageError): boolean {
  return code === CEASE && hardResets.has(subcode);
}

/** RFC 8538 §3.1: the true reason is in the data. */
export function asHardReset({ code, subcode, data, reason }: MessageError): MessageError {
  return messageError(Notice.hardReset, reason, Uint8Array.of(code, subcode, ...data));
}

export function isHardReset(notification: Notification | undefined): boolean {
  return notification?.code === CEASE && notification.subcode === HARD_RESET;
}

/** One end, in all that is known of it. */
export function downReason(
  event: EventName,
  received: Notification | undefined,
  sent: MessageError | undefined,
  detail: string,
): DownReason {
  const told = received && unwrapped(received);
  const text = reasonInWords(event, told, sent, detail);
  if (told !== undefined) {
    const { code, subcode, communication } = told;
    return { event, notification: { from: 'peer', code, subcode, communication }, text };
  }
  if (sent === undefined) return { event, notification: null, text };
  return { event, notification: { from: 'local', code: sent.code, subcode: sent.subcode, communication: null }, text };
}

/** The peer gave this connection up for another one (RFC 4271 §6.8). */
export function isCollision({ notification }: DownReason): boolean {
  const [code, subcode] = Notice.collision;
  return notification?.code === code && notification.subcode === subcode;
}

/** Why it went down, and what has kept it from coming up since; null: it never failed. */
export function lastErrorInWords(
  state: State,
  lastDown: DownReason | undefined,
  lastReason: DownReason | undefined,
): string | null {
  if (lastDown === undefined) return lastReason?.text ?? null;
  const isAll = state === 'Established' || lastReason === undefined || lastReason.text === lastDown.text;
  return isAll ? lastDown.text : `${lastDown.text}; since then: ${lastReason.text}`;
}

/** What a Hard Reset holds (RFC 8538 §3.1). */
function unwrapped(notification: Notification): Notification {
  const { code, subcode, data } = notification;
  if (code !== CEASE || subcode !== HARD_RESET || data.length < 2) return notification;
  return decodeNotification(data);
}

function reasonInWords(
  event: EventName,
  received: Notification | undefined,
  sent: MessageError | undefined,
  detail: string,
): string {
  if (received !== undefined) {
    const said = received.communication === null ? '' : `: ${JSON.stringify(received.communication)}`;
    return `the peer says ${noticeName(received.code, received.subcode)}${said}`;
  }
  if (sent !== undefined) {
    return `${noticeName(sent.code, sent.subcode)}${sent.reason === '' ? '' : `: ${sent.reason}`}`;
  }
  if (event === 'TcpConnectionFails') return detail === '' ? 'the connection ended' : `the connection ended: ${detail}`;
  return detail === '' ? `ended by ${event}` : detail;
}
