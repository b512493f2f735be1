import type { NewSession } from '../services/sessions.ts';

const NAME = '__Host-patronus';
/** `__Host-` (RFC 6265bis §4.1.3.2): only over TLS, only this host, no other path or domain can set it. */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export function sessionCookie(session: NewSession | undefined, now: number): string {
  if (session === undefined) return `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;
  return `${NAME}=${session.secret}; ${ATTRIBUTES}; Max-Age=${Math.floor((session.expiresAt - now) / 1000)}`;
}

export function secretInCookie(header: string | undefined): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === NAME && value !== undefined && value !== '') return value;
  }
  return undefined;
}

export function secretInAuthorization(header: string | undefined): string | undefined {
  return /^Bearer ([A-Za-z0-9_-]{20,100})$/i.exec(header ?? '')?.[1];
}
