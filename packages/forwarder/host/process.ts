/**
 * The owner's side of a forwarder: starts it as a child process, speaks its control language over a socket pair, and
 * replaces it when it dies. The owner opens every descriptor and keeps it open; what was handed over once is handed
 * over again to each successor, together with the last `configure` and `groups`, so a crash costs its restart only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { closeDescriptor, FrameChannel, libc, unixStreamPair } from '@patronus/system/linux';
import type { ConfigureCommand, ForwarderCommand, ForwarderEvent, GroupsCommand } from '../control.ts';
import { TUN_NAME, uplinkOfSocket } from '../socketNames.ts';

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

const entry = fileURLToPath(new URL('./main.ts', import.meta.url));
const FIRST_RESTART_MS = 50;
const LONGEST_RESTART_MS = 5_000;
/** One that ran this long did not fail at its start: the next restart is as quick as the first. */
const SETTLED_MS = 10_000;
/** A forwarder that was hung up on ends by itself; one that doesn't is ended. */
const STOP_PATIENCE_MS = 1_000;

/** Reports that stay unanswered, and for how long, before it is taken for hung. */
const MOST_UNANSWERED = 3;
const LONGEST_SILENCE_MS = 5_000;
const F_GETFD = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Starts a forwarder and keeps one running until `stop`. */
export function startForwarder(options: ForwarderOptions): Forwarder {
  return new ForwarderProcess(options);
}

class ForwarderProcess implements Forwarder {
  readonly #options: ForwarderOptions;
  readonly #descriptors = new Map<string, number>();
  readonly #timestamps = new Map<string, string>();
  #configure: ConfigureCommand | undefined;
  #groups: GroupsCommand | undefined;
  #child: ChildProcess | undefined;
  #channel: FrameChannel | undefined;
  #restartInMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #unanswered = 0;
  #unansweredSince = 0;
  #stopped: (() => void) | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  send(command: ForwarderCommand, fd?: number): void {
    if (command.type === 'report') this.#watch();
    if (command.type === 'descriptor') {
      if (fd === undefined) throw new TypeError(`descriptor ${command.name}: the descriptor itself is missing`);
      this.#descriptors.set(command.name, fd);
    } else if (command.type === 'configure') {
      this.#configure = command;
      this.#forgetSockets(command);
    } else if (command.type === 'groups') this.#groups = command;
    this.#say(command, fd);
  }

  stop(): Promise<void> {
    clearTimeout(this.#restart);
    return new Promise((resolve) => {
      this.#stopped = resolve;
      const child = this.#child;
      if (child === undefined) return resolve();
      this.#channel?.close();
      const patience = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
      child.once('exit', () => clearTimeout(patience));
    });
  }

  #start(): void {
    const [ours, theirs] = unixStreamPair();
    // An environment of its own: nothing that the owner was given by it is a packet path's business.
    const child = spawn(this.#options.nodeBinary ?? process.execPath, [entry], {
      stdio: ['ignore', 'inherit', 'inherit', theirs],
      // Ctrl-C in a terminal is for the owner, which then hangs up in its own time.
      detached: true,
      env: { PATH: process.env.PATH },
    });
    closeDescriptor(theirs);
    this.#child = child;
    this.#startedAt = performance.now();
    this.#unanswered = 0;
    this.#channel = new FrameChannel(ours, {
      onFrame: (payload) => this.#hear(JSON.parse(decoder.decode(payload)) as ForwarderEvent),
      onClose: () => undefined,
    });
    child.once('exit', (code, signal) => this.#ended(child, code, signal));
    child.once('error', () => this.#ended(child, null, null));
    this.#repeat();
  }

  /** Tells a successor all that its predecessor was told; the socket keeps it until it listens. */
  #repeat(): void {
    for (const [name, fd] of this.#descriptors) {
      if (isOpen(fd)) this.#say({ type: 'descriptor', name }, fd);
      else this.#descriptors.delete(name);
    }
    if (this.#configure !== undefined) this.#say(this.#withFloors(this.#configure));
    if (this.#groups !== undefined) this.#say(this.#groups);
  }

  #say(command: ForwarderCommand, fd?: number): void {
    if (fd !== undefined && !isOpen(fd)) throw new Error(`descriptor ${fd} is closed: keep it open while it is in use`);
    this.#channel?.send(encoder.encode(JSON.stringify(command)), fd === undefined ? [] : [fd]);
  }

  /** One that does not answer any more is as good as dead, and can be replaced. */
  #watch(): void {
    if (this.#unanswered === 0) this.#unansweredSince = performance.now();
    this.#unanswered += 1;
    const silentMs = performance.now() - this.#unansweredSince;
    // Several reports: after a pause of our own process one may stand unanswered only because we have not read yet.
    if (this.#unanswered > MOST_UNANSWERED && silentMs > LONGEST_SILENCE_MS) this.#child?.kill('SIGKILL');
  }

  #hear(event: ForwarderEvent): void {
    if (event.type === 'telemetry') this.#unanswered = 0;
    if (event.type === 'timestamp') this.#timestamps.set(event.uplinkId, event.label);
    this.#options.onEvent(event);
  }

  /** As the forwarder does: what the configuration does not name may be closed by the owner, and its number used again. */
  #forgetSockets({ uplinks }: ConfigureCommand): void {
    const known = new Set(uplinks.map(({ id }) => id));
    for (const name of this.#descriptors.keys()) {
      if (name !== TUN_NAME && !known.has(uplinkOfSocket(name))) this.#descriptors.delete(name);
    }
  }

  /** Labels that the predecessor used are not used again. Hex digits compare as the bytes do. */
  #withFloors(command: ConfigureCommand): ConfigureCommand {
    const uplinks = command.uplinks.map((uplink) => {
      const used = this.#timestamps.get(uplink.id);
      const isLater = used !== undefined && used > (uplink.timestampFloor ?? '');
      return isLater ? { ...uplink, timestampFloor: used } : uplink;
    });
    return { ...command, uplinks };
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    if (this.#stopped !== undefined) {
      this.#options.onExit?.({ code, signal, restartInMs: null });
      this.#stopped();
      return;
    }
    if (performance.now() - this.#startedAt > SETTLED_MS) this.#restartInMs = FIRST_RESTART_MS;
    const restartInMs = this.#restartInMs;
    this.#restartInMs = Math.min(LONGEST_RESTART_MS, restartInMs * 2);
    this.#restart = setTimeout(() => this.#start(), restartInMs);
    this.#options.onExit?.({ code, signal, restartInMs });
  }
}

function isOpen(fd: number): boolean {
  return libc.fcntl(fd, F_GETFD, 0) >= 0;
}
