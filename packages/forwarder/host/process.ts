/**
 * The owner's side of a forwarder: starts it as a child process, speaks its control language over a socket pair, and
 * replaces it when it dies. The owner opens every descriptor and keeps it open; what was handed over once is handed
 * over again to each successor, together with the last `configure` and `groups`, so a crash costs its restart only.
 */
import type { ForwarderCommand, ForwarderEvent } from '../control.ts';

/** How a forwarder ended: its exit code, or the signal that ended it. */
export interface ForwarderExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** ms until its successor is started; null when it was stopped on purpose. */
  readonly restartInMs: number | null;
}

export interface ForwarderOptions {
  /** Path of the Node binary that runs it; `process.execPath` unless given. */
  readonly nodeBinary?: string;
  /** Events in the order the forwarder sent them. A new `ready` means that a successor took over. */
  readonly onEvent: (event: ForwarderEvent) => void;
  readonly onExit?: (exit: ForwarderExit) => void;
}

export interface Forwarder {
  /** Process id of the one that runs now; undefined between two. */
  readonly pid: number | undefined;
  /**
   * Says this to the forwarder, now and (but for `report`) to each successor. A `descriptor` command needs `fd`, which
   * stays the caller's: keep it open as long as the forwarder runs; the forwarder gets a duplicate.
   */
  send(command: ForwarderCommand, fd?: number): void;
  /** Ends it for good; resolves once the process is gone. */
  stop(): Promise<void>;
}

/** Starts a forwarder and keeps one running until `stop`. */
export function startForwarder(_options: ForwarderOptions): Forwarder {
  throw new Error('not written yet');
}
