/** A refusal that the caller is told of in full: what happened, to what, what to do. Everything else is INTERNAL. */
export class ServiceError extends Error {
  readonly code: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Input field → what is wrong with it. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, message: string, more: ErrorDetails = {}) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.status = more.status ?? statuses[code] ?? 400;
    this.fields = more.fields;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

interface ErrorDetails {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly retryAfterSeconds?: number;
}

const statuses: Readonly<Record<string, number>> = {
  INVALID_INPUT: 422,
  ACKNOWLEDGEMENT_REQUIRED: 422,
  TOO_MANY_POLICIES: 422,
  TOO_MANY_APPLICATIONS: 422,
  CONFLICT: 409,
  FABRIC_REFUSED: 409,
  STALE_REVISION: 409,
  NOT_FOUND: 404,
  UNAUTHENTICATED: 401,
  WRONG_CREDENTIALS: 401,
  FORBIDDEN: 403,
  FOREIGN_ORIGIN: 403,
  CSRF_HEADER_MISSING: 403,
  TOO_MANY_ATTEMPTS: 429,
  TOKEN_UNKNOWN: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_USED: 409,
  REQUEST_INVALID: 422,
  PROOF_INVALID: 401,
  CERTIFICATE_TOO_OLD: 410,
  DISK_FULL: 507,
  INTERNAL: 500,
};

/** Two editors do not overwrite each other: refuses a change of an older revision. */
export function refuseStale(row: { readonly name: string; readonly revision: number }, revision?: number | null): void {
  if (revision == null || revision === row.revision) return;
  throw new ServiceError(
    'STALE_REVISION',
    `${row.name} was changed by someone else meanwhile; look at it again, then repeat your change`,
  );
}

/** The refusal behind anything that was thrown, or undefined when it is a fault of ours. */
export function refusalOf(cause: unknown): ServiceError | undefined {
  if (cause instanceof ServiceError) return cause;
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_WRITE' || code === 'ENOSPC') {
    return new ServiceError(
      'DISK_FULL',
      "the controller's disk is full: nothing was changed; free some space and try again",
    );
  }
  return undefined;
}
