/** Errors as clients see them: refusals in full, faults of ours as a request id that the log knows. */
import { randomUUID } from 'node:crypto';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { refusalOf, type ServiceError } from '../services/error.ts';

export interface ShownError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly extensions: {
    readonly code: string;
    readonly fields?: Readonly<Record<string, string>>;
    readonly requestId?: string;
  };
}

export interface ShownResult {
  readonly data?: unknown;
  readonly errors?: readonly ShownError[];
}

export interface Answer {
  readonly status: number;
  readonly body: ShownResult;
  readonly retryAfterSeconds: number | undefined;
}

/** The status is 200 when there is data, else that of the first refusal. */
export function answerOf(result: ExecutionResult, log: Logger): Answer {
  const { data, errors } = result;
  if (errors === undefined || errors.length === 0) return { status: 200, body: { data }, retryAfterSeconds: undefined };
  const refusals = errors.map((error) => refusalOf(error.originalError));
  const shown = errors.map((error, index) => shownError(error, refusals[index], log));
  const isEmpty = data == null || Object.values(data).every((value) => value == null);
  const status = isEmpty ? (refusals[0]?.status ?? (errors[0]?.originalError === undefined ? 400 : 500)) : 200;
  return {
    status,
    body: { ...(data === undefined ? {} : { data }), errors: shown },
    retryAfterSeconds: refusals[0]?.retryAfterSeconds,
  };
}

/** A refusal before anything ran. */
export function answerOfRefusal(refusal: ServiceError): Answer {
  const body = { errors: [{ message: refusal.message, extensions: extensionsOf(refusal) }] };
  return { status: refusal.status, body, retryAfterSeconds: refusal.retryAfterSeconds };
}

function extensionsOf({ code, fields }: ServiceError): ShownError['extensions'] {
  return fields === undefined ? { code } : { code, fields };
}

function shownError(error: GraphQLError, refusal: ServiceError | undefined, log: Logger): ShownError {
  const place = {
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.locations === undefined ? {} : { locations: error.locations }),
  };
  if (refusal !== undefined) return { message: refusal.message, ...place, extensions: extensionsOf(refusal) };
  // Without an original error it is GraphQL's own word on the document or its variables.
  if (error.originalError == null) return { message: error.message, ...place, extensions: { code: 'INVALID_QUERY' } };
  const requestId = randomUUID();
  log.error({ err: error.originalError, requestId, path: error.path }, 'a resolver failed');
  return {
    message: `something went wrong here; the controller's log knows it as ${requestId}`,
    ...place,
    extensions: { code: 'INTERNAL', requestId },
  };
}
