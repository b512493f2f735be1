import { useSyncExternalStore } from 'react';

/** `idle`: nothing is subscribed to. `lost`: the socket broke and comes back by itself. */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'lost';

let state: ConnectionState = 'idle';
const listeners = new Set<() => void>();

export function setConnection(next: ConnectionState): void {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

export function useConnection(): ConnectionState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
