/**
 * One mutual-TLS WebSocket to the controller: parsed messages in, messages out, and an end. It answers pings, sends its
 * own when its owner's pulse beats, and takes 3 s of silence for death.
 */
import type { ConnectionOptions } from 'node:tls';
import {
  CONTROLLER_SERVER_NAME,
  type ControllerMessage,
  controllerMessageSchema,
  type EdgeMessage,
  PING_TIMEOUT_MS,
} from '@patronus/protocol';
import WebSocket from 'ws';
import type { Way } from './ways.ts';

/** No message is larger: a configuration of a thousand tunnels has some 400 kB. */
const largestMessage = 16 * 1024 * 1024;
const connectTimeoutMs = 3_000;

export interface Credentials {
  readonly privateKey: string;
  readonly certificate: string;
  readonly certificateAuthority: string;
}

export interface ConnectionEvents {
  readonly onOpen: () => void;
  readonly onMessage: (message: ControllerMessage) => void;
  /** Once, whatever ended it. `code` is the WebSocket's close code, or null when there was none. */
  readonly onEnd: (code: number | null, reason: string) => void;
}

export interface Connection {
  readonly way: Way;
  /** False when it is not open. */
  send(message: EdgeMessage): boolean;
  /** Asks for a sign of life. Called every PING_INTERVAL_MS, in a turn in which there is something else to do as well. */
  ping(): void;
  close(): void;
}

/** Begins a connection. Every outcome comes by `events`; nothing throws. */
export function connect(way: Way, credentials: Credentials, events: ConnectionEvents): Connection {
  const host = way.host.includes(':') ? `[${way.host}]` : way.host;
  const options: WebSocket.ClientOptions & ConnectionOptions = {
    key: credentials.privateKey,
    cert: credentials.certificate,
    ca: credentials.certificateAuthority,
    servername: CONTROLLER_SERVER_NAME,
    minVersion: 'TLSv1.3',
    handshakeTimeout: connectTimeoutMs,
    maxPayload: largestMessage,
    perMessageDeflate: false,
    followRedirects: false,
    ...(way.localAddress === null ? {} : { localAddress: way.localAddress }),
  };
  const socket = new WebSocket(`wss://${host}:${way.port}/`, options);
  let failure = '';
  let hasEnded = false;
  let pings = 0;
  let silence: NodeJS.Timeout | undefined;
  const heard = () => {
    // The timer is moved, not made anew: the process wakes for it only when it is due.
    if (silence !== undefined) silence.refresh();
    else silence = setTimeout(() => fail(`nothing heard for ${PING_TIMEOUT_MS / 1_000} s`), PING_TIMEOUT_MS);
  };
  const ping = () => void send({ type: 'ping', id: ++pings });

  function send(message: EdgeMessage): boolean {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  }
  function fail(reason: string): void {
    failure ||= reason;
    socket.terminate();
  }
  function end(code: number | null, reason: string): void {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(silence);
    events.onEnd(code, reason);
  }

  socket.on('open', () => {
    heard();
    events.onOpen();
  });
  socket.on('message', (bytes) => {
    heard();
    const message = parse(String(bytes));
    if (message === 'not JSON') return fail('the controller sent something that is not JSON');
    // Unknown types are passed over: one release of difference is served.
    if (message === 'unknown' || hasEnded) return;
    if (message.type === 'ping') send({ type: 'pong', id: message.id });
    else if (message.type !== 'pong') events.onMessage(message);
  });
  socket.on('error', (error) => {
    failure ||= error.message || (error as NodeJS.ErrnoException).code || 'failed';
  });
  socket.on('close', (code, reason) =>
    end(code === 1006 ? null : code, failure || String(reason) || `closed (${code})`),
  );
  return {
    way,
    send,
    ping,
    close: () => (socket.readyState === WebSocket.OPEN ? socket.close(1000) : socket.terminate()),
  };
}

function parse(text: string): ControllerMessage | 'unknown' | 'not JSON' {
  try {
    const message: unknown = JSON.parse(text);
    // One a second, and all it says is that it came.
    if ((message as { type?: unknown } | null)?.type === 'pong') return { type: 'pong', id: 0 };
    const parsed = controllerMessageSchema.safeParse(message);
    return parsed.success ? parsed.data : 'unknown';
  } catch {
    return 'not JSON';
  }
}
