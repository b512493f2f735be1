import { Client, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core';
import { graphql } from '../queries/graphql.ts';
import { isSignedOut, problemOf } from './problem.ts';
import { createSocket } from './socket.ts';

const signedOutListeners = new Set<() => void>();

/** Calls `listener` when the controller says that nobody is signed in any more; returns how to stop that. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

function announceSignedOut(): void {
  for (const listener of signedOutListeners) listener();
}

const aliveQuery = graphql(`query Alive { me { id } }`);

/** False only when the controller says so; while it does not answer, the session may well be alive. */
async function hasSession(): Promise<boolean> {
  const { data } = await client.query(aliveQuery, {}).toPromise();
  return data === undefined || data.me !== null;
}

const socket = createSocket(announceSignedOut, hasSession);

/** Ends the live socket, which carries the old session's cookie; the next subscription opens a new one. */
export function restartSocket(): void {
  socket.terminate();
}

/**
 * No cache: what is on screen is a subscription and always current, and mutations show in it by themselves.
 * The CSRF header is one that another origin's form cannot send.
 */
export const client = new Client({
  url: '/api/v2/graphql',
  preferGetMethod: false,
  requestPolicy: 'network-only',
  fetchOptions: { headers: { 'x-patronus-csrf': '1' }, credentials: 'same-origin' },
  exchanges: [
    mapExchange({
      onError: (error) => {
        if (isSignedOut(problemOf(error))) announceSignedOut();
      },
    }),
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ query: query ?? '', variables: variables as Record<string, unknown> }, sink),
        }),
      }),
    }),
    fetchExchange,
  ],
});
