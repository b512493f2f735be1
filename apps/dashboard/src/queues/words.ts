/** What waits before uplinks, and what was sent twice or with parity, in words. */
import { formatPercent } from '../format/rate.ts';
import { formatBytes, formatCount } from '../policies/words.ts';

/** `3 packets wait now (900 B)`. */
export function waitingWords(waiting: { readonly waitingPackets: number; readonly waitingBytes: number }): string {
  const { waitingPackets, waitingBytes } = waiting;
  if (waitingPackets === 0) return 'nothing waits now';
  const packets = `${formatCount(waitingPackets)} ${waitingPackets === 1 ? 'packet waits' : 'packets wait'}`;
  return `${packets} now (${formatBytes(waitingBytes)})`;
}

export interface Protection {
  readonly sent: number;
  readonly copies: number;
  readonly paritySent: number;
  readonly received: number;
  readonly repaired: number;
  readonly lost: number;
  readonly residualPercent: number | null;
}

/** What it sent protected, and what came of what it was sent; null: nothing was protected in either direction. */
export function protectionWords(protection: Protection): { readonly sent: string; readonly came: string } | null {
  const { sent, copies, paritySent, received, repaired, lost, residualPercent } = protection;
  if (sent === 0 && received === 0) return null;
  return {
    sent: `${formatCount(sent)} sent with ${formatCount(copies)} copies and ${formatCount(paritySent)} parity`,
    came: `${formatCount(received)} came, ${formatCount(repaired)} rebuilt, ${formatCount(lost)} lost (${formatPercent(residualPercent)})`,
  };
}
