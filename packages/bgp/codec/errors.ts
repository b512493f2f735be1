/**
 * What a NOTIFICATION can say (RFC 4271 §4.5 and §6, 4486, 5492, 6608, 7313, 8203, 8538, 9003, 9234, 9384, 9687), as
 * one table, and the error value that decoding answers with. Errors are values: nothing here throws.
 */

/** To be sent as NOTIFICATION; `data` as the clause asks. */
export interface MessageError {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
  /** In words, for logs and people. */
  readonly reason: string;
}

const noData = new Uint8Array(0);

export function messageError(
  [code, subcode]: readonly [number, number],
  reason: string,
  data: Uint8Array = noData,
): MessageError {
  return { code, subcode, data, reason };
}

/** Code and subcode by name. */
export const Notice = {
  /** Message Header Error, RFC 4271 §6.1. */
  notSynchronized: [1, 1],
  badMessageLength: [1, 2],
  badMessageType: [1, 3],
  /** OPEN Message Error, RFC 4271 §6.2. */
  openUnspecific: [2, 0],
  unsupportedVersion: [2, 1],
  badPeerAs: [2, 2],
  badIdentifier: [2, 3],
  unsupportedParameter: [2, 4],
  unacceptableHoldTime: [2, 6],
  /** RFC 5492 §5. */
  unsupportedCapability: [2, 7],
  /** RFC 9234 §4.2. */
  roleMismatch: [2, 11],
  /** UPDATE Message Error, RFC 4271 §6.3. */
  malformedAttributeList: [3, 1],
  unrecognizedWellKnown: [3, 2],
  missingWellKnown: [3, 3],
  attributeFlags: [3, 4],
  attributeLength: [3, 5],
  invalidOrigin: [3, 6],
  invalidNextHop: [3, 8],
  optionalAttribute: [3, 9],
  invalidNetworkField: [3, 10],
  malformedAsPath: [3, 11],
  /** Hold Timer Expired, RFC 4271 §6.5. */
  holdTimerExpired: [4, 0],
  /** Finite State Machine Error, RFC 6608 §3. */
  unexpectedInOpenSent: [5, 1],
  unexpectedInOpenConfirm: [5, 2],
  unexpectedInEstablished: [5, 3],
  /** Cease, RFC 4486 §3. */
  maximumPrefixes: [6, 1],
  administrativeShutdown: [6, 2],
  peerDeconfigured: [6, 3],
  administrativeReset: [6, 4],
  connectionRejected: [6, 5],
  otherConfigurationChange: [6, 6],
  collision: [6, 7],
  outOfResources: [6, 8],
  /** RFC 8538 §3. */
  hardReset: [6, 9],
  /** RFC 9384 §3. */
  bfdDown: [6, 10],
  /** ROUTE-REFRESH Message Error, RFC 7313 §5. */
  invalidRefreshLength: [7, 1],
  /** RFC 9687 §4.2. */
  sendHoldTimerExpired: [8, 0],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

export type NoticeName = keyof typeof Notice;

const codeNames: Readonly<Record<number, string>> = {
  1: 'message header error',
  2: 'OPEN message error',
  3: 'UPDATE message error',
  4: 'hold timer expired',
  5: 'finite state machine error',
  6: 'cease',
  7: 'ROUTE-REFRESH message error',
  8: 'send hold timer expired',
};

/** `OPEN message error: bad peer as (2/2)`. */
export function noticeName(code: number, subcode: number): string {
  const found = (Object.keys(Notice) as NoticeName[]).find((name) => {
    const [ofCode, ofSubcode] = Notice[name];
    return ofCode === code && ofSubcode === subcode;
  });
  const words = found?.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const base = codeNames[code] ?? `code ${code}`;
  return `${words === undefined || words === base ? base : `${base}: ${words}`} (${code}/${subcode})`;
}
