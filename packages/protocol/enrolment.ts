/**
 * How a gateway becomes an edge: HTTPS on 8443, once, with a token that a person pasted.
 *
 *   POST /api/v1/enrolments   EnrolmentRequest → 201 EnrolmentAnswer | 401 unknown or expired | 409 used | 422 bad CSR
 *   POST /api/v1/renewals     RenewalRequest   → 200 RenewalAnswer   | 401 not provable        | 410 expired > 30 days
 *
 * The token says where the controller is and what to pin, so that the first connection is already authenticated.
 */
import { z } from 'zod';

const TOKEN_PREFIX = 'pat1.';

export const enrolmentTokenSchema = z.object({
  /** Base URLs of the controller, `https://host:8443`, tried in turn. */
  u: z
    .array(z.string().regex(/^https:\/\/[^\s/]+$/))
    .min(1)
    .max(8),
  /** The one-time secret, base64url of 32 bytes. */
  s: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** SHA-256 (hex) of the SPKI of a certificate in the chain that 8443 shows: its own CA, or the user's leaf. */
  p: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .min(1)
    .max(4),
});
/** What an enrolment token holds. */
export type EnrolmentToken = z.infer<typeof enrolmentTokenSchema>;

/** One line of base64url that survives a paste into a shell. */
export function formatEnrolmentToken(token: EnrolmentToken): string {
  return TOKEN_PREFIX + btoa(JSON.stringify(token)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The token's content, or undefined when it is not one (cut off while pasting, something else altogether). */
export function parseEnrolmentToken(text: string): EnrolmentToken | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(TOKEN_PREFIX) || trimmed.length > 4096) return undefined;
  try {
    const json = atob(trimmed.slice(TOKEN_PREFIX.length).replaceAll('-', '+').replaceAll('_', '/'));
    const parsed = enrolmentTokenSchema.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export const enrolmentRequestSchema = z.object({
  secret: z.string(),
  /** PKCS #10 in PEM; P-256 or Ed25519; the controller names the subject itself. */
  certificateRequest: z.string().max(8192),
  softwareVersion: z.string().max(64),
  hostname: z.string().max(253),
});
export type EnrolmentRequest = z.infer<typeof enrolmentRequestSchema>;

export const enrolmentAnswerSchema = z.object({
  edgeId: z.string(),
  edgeName: z.string(),
  siteName: z.string(),
  /** PEM. */
  certificate: z.string(),
  /** PEM of the CA behind 8444 and the edges' certificates; to be pinned. */
  certificateAuthority: z.string(),
  /** PEM (SPKI) of the Ed25519 key that signs configurations; to be pinned. */
  signingKey: z.string(),
  /** Edge channel, `host:port`, tried in turn. */
  controllers: z.array(z.string()),
});
export type EnrolmentAnswer = z.infer<typeof enrolmentAnswerSchema>;

export const renewalRequestSchema = z.object({
  /** The present certificate, perhaps expired for up to 30 days, PEM. */
  certificate: z.string().max(8192),
  certificateRequest: z.string().max(8192),
  /** ms since 1970 by the edge's clock; within 10 minutes of the controller's. */
  wallMs: z.number(),
  /** Proof of the present key: base64 signature over `patronus renewal v1\n` + wallMs + `\n` + certificateRequest. */
  proof: z.string(),
});
export type RenewalRequest = z.infer<typeof renewalRequestSchema>;
export const renewalAnswerSchema = z.object({ certificate: z.string() });
export type RenewalAnswer = z.infer<typeof renewalAnswerSchema>;

/** The TLS name of the edge channel's server certificate, whatever address it is reached at. */
export const CONTROLLER_SERVER_NAME = 'controller.patronus.internal';

/** Errors on HTTPS: `{ "code": "TOKEN_USED", "message": "…" }`. */
export const errorAnswerSchema = z.object({ code: z.string(), message: z.string() });
export type ErrorAnswer = z.infer<typeof errorAnswerSchema>;
