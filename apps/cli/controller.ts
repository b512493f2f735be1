/**
 * One GraphQL request to the controller: over its local admin socket where that is (no sign-in needed: the file's
 * permission says who may), or over HTTPS with what `patronus login` stored. `PATRONUS_SOCKET` names another socket.
 */
import { existsSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { z } from 'zod';
import { type Credentials, readCredentials } from './credentials.ts';
import { CliError, ExitCode } from './errors.ts';

const GRAPHQL_PATH = '/api/v2/graphql';
const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export type Target =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'remote'; readonly credentials: Credentials };

/** Where commands go: an explicit socket, a stored sign-in, or the controller of this folder or machine. */
export function target(): Target {
  const named = process.env.PATRONUS_SOCKET;
  if (named !== undefined) return { kind: 'socket', path: named };
  const credentials = readCredentials();
  if (credentials !== undefined) return { kind: 'remote', credentials };
  const path = localSockets().find((candidate) => existsSync(candidate));
  if (path !== undefined) return { kind: 'socket', path };
  throw new CliError(
    'no controller here and nobody signed in; start one with `npm start` or `patronus controller`, or sign in with `patronus login URL`',
    ExitCode.unreachable,
    'NO_CONTROLLER',
  );
}

function localSockets(): string[] {
  const state = process.env.PATRONUS_STATE_DIR ?? join(process.cwd(), '.patronus');
  return [join(state, 'controller', 'admin.sock'), '/var/lib/patronus/controller/admin.sock'];
}

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z
          .object({ code: z.string().optional(), fields: z.record(z.string(), z.string()).optional() })
          .optional(),
      }),
    )
    .optional(),
});

/** Runs a document and gives its checked data; a refusal becomes a CliError with the controller's own words. */
export async function query<Data>(
  document: string,
  variables: Record<string, unknown>,
  schema: z.ZodType<Data>,
  to: Target = target(),
): Promise<Data> {
  const { status, body } = await post(to, JSON.stringify({ query: document, variables }));
  const answer = answerSchema.safeParse(parsed(body));
  if (!answer.success)
    throw new CliError(`the controller answered ${status} with something that is no GraphQL`, ExitCode.failed);
  const error = answer.data.errors?.[0];
  if (error !== undefined) throw refusal(error.message, error.extensions?.code ?? 'FAILED', error.extensions?.fields);
  const data = schema.safeParse(answer.data.data);
  if (!data.success)
    throw new CliError('the controller speaks another version of the API; update the older of the two');
  return data.data;
}

function refusal(message: string, code: string, fields: Record<string, string> | undefined): CliError {
  const signedOut = code === 'UNAUTHENTICATED';
  const details = Object.entries(fields ?? {}).map(([field, why]) => `\n  ${field}: ${why}`);
  return new CliError(
    signedOut ? `${message}; sign in with \`patronus login URL\`` : message + details.join(''),
    signedOut || code === 'FORBIDDEN' ? ExitCode.notAllowed : ExitCode.failed,
    code,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function post(to: Target, body: string): Promise<{ status: number; body: string }> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (to.kind === 'socket') {
    return exchange(httpRequest, { socketPath: to.path, path: GRAPHQL_PATH, method: 'POST', headers }, body, to.path);
  }
  const { url, session, certificateAuthority } = to.credentials;
  headers.authorization = `Bearer ${session}`;
  return exchange(
    httpsRequest,
    { ...remoteOptions(url, certificateAuthority), path: GRAPHQL_PATH, method: 'POST', headers },
    body,
    url,
  );
}

/** Host, port and trust for a controller's base URL. */
export function remoteOptions(url: string, certificateAuthority: string | null): RequestOptions & { ca?: string } {
  const { hostname, port } = new URL(url);
  const options = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port) };
  return certificateAuthority === null ? options : { ...options, ca: certificateAuthority };
}

type Requester = typeof httpRequest | typeof httpsRequest;

/** One request and its whole answer, bounded in time and size. */
export function exchange(
  requester: Requester,
  options: RequestOptions,
  body: string,
  place: string,
): Promise<{ status: number; body: string; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        new CliError(
          `the controller at ${place} does not answer: ${error.message}`,
          ExitCode.unreachable,
          'UNREACHABLE',
        ),
      );
    const request = requester({ ...options, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) request.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          headers: response.headers,
        }),
      );
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.once('error', fail);
    request.end(body);
  });
}
