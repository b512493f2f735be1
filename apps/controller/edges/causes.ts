/** Every alarm there is, in words: what happened, to what, and what to do. */
import type { EdgeMessage } from '@patronus/protocol';
import type { Cause } from './alarms.ts';

export interface NamedEdge {
  readonly id: string;
  readonly name: string;
  readonly siteId: string | null;
}

type Kind = 'offline' | 'cloned' | 'clock' | 'returned' | 'certificate' | 'tunnels' | `notice:${string}`;

/** The part of a message that an edge may fill. */
const LONGEST_REASON = 500;
/** A clock further off than this is reported. */
export const SKEW_MS = 5 * 60_000;

/** The kind, then the id of the edge or site it is about. */
export function keyOf(kind: Kind, id: string): string {
  return `${kind}:${id}`;
}

export function isNoticeCode(code: string): boolean {
  return /^[A-Z][A-Z0-9_]{2,39}$/.test(code);
}

export function offline({ id, name, siteId }: NamedEdge): Cause {
  return {
    key: keyOf('offline', id),
    code: 'EDGE_OFFLINE',
    severity: 'CRITICAL',
    message: `${name} does not call the controller any more; if it has power it goes on forwarding by itself: check the gateway and its uplinks`,
    siteId,
  };
}

export function cloned({ id, name, siteId }: NamedEdge, verdict: 'stale' | 'twice', from: string | null): Cause {
  const what = verdict === 'twice' ? 'two gateways are connected as' : 'a gateway came with an outdated secret of';
  return {
    key: keyOf('cloned', id),
    code: 'EDGE_CLONED',
    severity: 'CRITICAL',
    message: `${what} ${name} (the one refused calls from ${from ?? 'an unknown address'}): its disk was copied or put back from an old copy; revoke this edge and enrol the real gateway again`,
    siteId,
  };
}

export function clockSkew({ id, name, siteId }: NamedEdge, skewMs: number): Cause {
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  return {
    key: keyOf('clock', id),
    code: 'CLOCK_SKEW',
    severity: 'WARNING',
    message: `the clock of ${name} is ${minutes} minutes ${skewMs < 0 ? 'behind' : 'ahead'}; check its time service`,
    siteId,
  };
}

export function configurationReturned(
  { id, name, siteId }: NamedEdge,
  version: string,
  { running, reason }: Extract<EdgeMessage, { type: 'returned' }>,
): Cause {
  const kept = running === null ? 'runs none' : `runs ${running.epoch}.${running.sequence}`;
  return {
    key: keyOf('returned', id),
    code: 'CONFIGURATION_RETURNED',
    severity: 'WARNING',
    message: `${name} gave up configuration ${version} and ${kept}: ${reason.slice(0, LONGEST_REASON)}`,
    siteId,
  };
}

export function notice(
  { id, name, siteId }: NamedEdge,
  said: { readonly code: string; readonly message: string },
): Cause {
  const message = `${name}: ${said.message.slice(0, LONGEST_REASON)}`;
  return { key: keyOf(`notice:${said.code}`, id), code: said.code, severity: 'INFO', message, siteId };
}

/** Undefined while the certificate has so long to go that the edge need not have renewed it yet. */
export function certificateExpires({ id, name, siteId }: NamedEdge, daysLeft: number): Cause | undefined {
  // The edge renews with 30 days left (two thirds of 90); a day later it should have.
  if (daysLeft >= 29) return undefined;
  const level = daysLeft < 1 ? 'a day' : daysLeft < 7 ? '7 days' : '30 days';
  return {
    key: keyOf('certificate', id),
    code: 'CERTIFICATE_EXPIRES',
    severity: daysLeft < 7 ? 'CRITICAL' : 'WARNING',
    message:
      daysLeft < 0
        ? `the certificate of ${name} has run out: the gateway forwards but can only renew; see that it reaches this controller on HTTPS`
        : `the certificate of ${name} runs out in less than ${level} and was not renewed; see that the gateway reaches this controller`,
    siteId,
  };
}

export interface TunnelsDown {
  readonly siteId: string;
  readonly siteName: string;
  readonly down: number;
  readonly total: number;
  /** The site's own uplinks that carry them. */
  readonly uplinks: string;
}

export function tunnelsDown({ siteId, siteName, down, total, uplinks }: TunnelsDown): Cause {
  const isCutOff = down === total;
  return {
    key: keyOf('tunnels', siteId),
    code: 'TUNNEL_DOWN',
    severity: isCutOff ? 'CRITICAL' : 'WARNING',
    message: isCutOff
      ? `all ${total} tunnels of ${siteName} are down: the site is cut off; check its gateway and its uplinks (${uplinks})`
      : `${down} of ${total} tunnels of ${siteName} are down, over ${uplinks}; traffic uses the others: check that uplink, or the other ends`,
    siteId,
  };
}
