/** Inputs that once crashed a decoder: each gets an answer. */
import { readFileSync } from 'node:fs';
import {
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  decodeUpdate,
  HEADER_LENGTH,
  type Negotiated,
  readHeader,
} from '@patronus/bgp';
import type { Comparison } from '../main.ts';

const negotiated: Negotiated = { isFourOctetAs: true, isExternal: true, addPath: new Set() };

export function compareBadLengths(path: string): Comparison {
  const bytes = Uint8Array.from(readFileSync(path));
  const verdict = verdictOn(bytes);
  return { compared: 1, differences: 0, examples: [verdict] };
}

/** As a header, and, whatever that says, as the body of each kind of message. */
function verdictOn(bytes: Uint8Array): string {
  const header = readHeader(bytes, 0, bytes.length, true);
  const body = bytes.subarray(HEADER_LENGTH);
  const answers = [decodeOpen(body), decodeUpdate(body, negotiated), decodeRouteRefresh(body)];
  decodeNotification(body);
  const words = answers.map((answer) => (answer.ok ? 'taken' : `${answer.error.code}/${answer.error.subcode}`));
  const ofHeader =
    header === undefined ? 'too short' : header.ok ? 'taken' : `${header.error.code}/${header.error.subcode}`;
  return `header ${ofHeader}; as OPEN ${words[0]}, as UPDATE ${words[1]}, as ROUTE-REFRESH ${words[2]}`;
}
