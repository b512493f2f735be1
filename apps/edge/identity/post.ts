/** One HTTPS POST of JSON to a pinned server: nothing is sent before the server's key was checked. */
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { EdgeError, exitCodes } from '../errors.ts';
import { leadsToPin, shownChain } from './pinning.ts';

export interface PinnedAnswer {
  readonly status: number;
  /** The parsed body; undefined when it was not JSON. */
  readonly body: unknown;
}

const largestAnswer = 256 * 1024;
const connectWithinMs = 3_000;
const answerWithinMs = 15_000;

/** Posts from `localAddress` (null: whatever the main routes say). Rejects with an EdgeError, or as node:https does. */
export function postPinned(
  url: string,
  pins: readonly string[],
  body: unknown,
  localAddress: string | null,
): Promise<PinnedAnswer> {
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  return new Promise<PinnedAnswer>((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent,
      // Trust comes from the pin below; the public authorities have no say.
      rejectUnauthorized: false,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(answerWithinMs),
      ...(localAddress === null ? {} : { localAddress }),
    });
    let isSent = false;
    const patience = setTimeout(() => sent.destroy(new Error('no connection')), connectWithinMs);
    sent.on('close', () => clearTimeout(patience));
    sent.on('socket', (socket) => {
      socket.once('secureConnect', () => {
        clearTimeout(patience);
        isSent = true;
        if (leadsToPin(shownChain((socket as TLSSocket).getPeerCertificate(true)), pins))
          sent.end(JSON.stringify(body));
        else sent.destroy(notPinned(url));
      });
    });
    sent.on('error', (error) => reject(isSent && !(error instanceof EdgeError) ? answerLost(url, error) : error));
    sent.on('response', (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        length += part.length;
        if (length > largestAnswer) sent.destroy(new EdgeError('BAD_ANSWER', `${url}: the answer is too long`));
        parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(parts)) }));
    });
  }).finally(() => agent.destroy());
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Another way must not be tried: the controller may have taken the request, and would call the second one a replay. */
function answerLost(url: string, error: Error): EdgeError {
  return new EdgeError(
    'ANSWER_LOST',
    `${url}: the connection broke before the answer came (${error.message}); try again, with a new token if this one is used by then`,
    exitCodes.unreachable,
  );
}

function notPinned(url: string): EdgeError {
  return new EdgeError(
    'WRONG_CONTROLLER',
    `${url} showed a certificate that the token does not name; nothing was sent. ` +
      'Check the address, or make a new token if the certificate of the controller was changed.',
    exitCodes.refused,
  );
}
