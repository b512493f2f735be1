import { type Client, createClient } from 'graphql-ws/client';
import { setConnection } from './connection.ts';

/** Close codes with which the controller says that the session is over: reconnecting would not help. */
const sessionOver: ReadonlySet<unknown> = new Set([4401, 4403]);
const longestWaitMs = 10_000;

/**
 * The live socket. It opens with the first subscription, comes back by itself when it is lost (the subscriptions on it
 * go on), and calls `onSessionOver` when the controller ended the session. A browser is not told why a socket could
 * not be opened, so before each new attempt `hasSession` asks.
 */
export function createSocket(onSessionOver: () => void, hasSession: () => Promise<boolean>): Client {
  // The pong to a ping has this long; a dead path without RST would otherwise look open for minutes.
  const keepAliveMs = 10_000;
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  let active: WebSocket | undefined;
  return createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v2/graphql/ws`,
    keepAlive: keepAliveMs,
    lazyCloseTimeout: 3_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (event) => !sessionOver.has((event as Partial<CloseEvent>).code),
    retryWait: async (retries) => {
      await waitBeforeRetry(retries);
      if (!(await hasSession())) onSessionOver();
    },
    on: {
      connecting: (isRetry) => setConnection(isRetry ? 'lost' : 'connecting'),
      connected: (socket) => {
        active = socket as WebSocket;
        setConnection('open');
      },
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => active?.close(4408, 'no pong'), keepAliveMs / 2);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
      closed: (event) => {
        clearTimeout(pongTimer);
        const { code, wasClean } = event as CloseEvent;
        if (sessionOver.has(code)) onSessionOver();
        // 1000 is our own close after the last subscription ended.
        setConnection(wasClean && code === 1000 ? 'idle' : 'lost');
      },
    },
  });
}

/** Exponential with jitter, so that a restarted controller is not met by all browsers at once. */
function waitBeforeRetry(retries: number): Promise<void> {
  const base = Math.min(500 * 2 ** retries, longestWaitMs);
  return new Promise((resolve) => setTimeout(resolve, base * (0.5 + Math.random() / 2)));
}
