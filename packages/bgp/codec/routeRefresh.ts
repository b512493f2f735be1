/** ROUTE-REFRESH (RFC 2918 §3) and its borders, Beginning and End of Route Refresh (RFC 7313 §3.2). */
import { err, ok, type Result } from '@patronus/wire';
import { type MessageError, messageError, Notice } from './errors.ts';
import { type FamilyKey, familyKey } from './families.ts';
import { frame, MessageType } from './header.ts';

export const refreshKinds = ['request', 'begin', 'end'] as const;
export type RefreshKind = (typeof refreshKinds)[number];

export interface RouteRefresh {
  readonly family: FamilyKey;
  /** null: a subtype of a later standard, to be ignored (RFC 7313 §5). */
  readonly kind: RefreshKind | null;
}

const BODY = 4;

/** A body of another length is an error only for the subtypes of RFC 7313 (§5); ORF follows in others (RFC 5291). */
export function decodeRouteRefresh(body: Uint8Array): Result<RouteRefresh, MessageError> {
  const kind = refreshKinds[body[2] ?? 0] ?? null;
  if (body.length !== BODY && kind !== null && kind !== 'request') {
    const message = frame(MessageType.routeRefresh, body);
    return err(messageError(Notice.invalidRefreshLength, `a refresh border of ${body.length} bytes`, message));
  }
  return ok({ family: familyKey((body[0]! << 8) | body[1]!, body[3]!), kind });
}

export function encodeRouteRefresh(family: FamilyKey, kind: RefreshKind = 'request'): Uint8Array<ArrayBuffer> {
  const afi = family >>> 8;
  return frame(
    MessageType.routeRefresh,
    Uint8Array.of(afi >>> 8, afi & 0xff, refreshKinds.indexOf(kind), family & 0xff),
  );
}
