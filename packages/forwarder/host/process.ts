/**
 * The owner's side of a forwarder: starts it as a child process, speaks its control language over a socket pair, and
 * replaces it when it dies. The owner opens every descriptor and keeps it open; what was handed over once is handed
 * over again to each successor, together with the last `configure` and `groups` and all `routes` that still hold.
 *
 * A successor stands by, started and loaded but told nothing, so that a crash costs a handshake and not the start of a
 * process on a machine that may be busy.
 */
import type { ConfigureCommand, ForwarderCommand, ForwarderEvent, GroupsCommand } from '../control.ts';
import { TUN_NAME, uplinkOfSocket } from '../descriptorNames.ts';
import { joinTelemetry } from '../joinTelemetry.ts';
import { LearnedRoutes } from '../learnedRoutes.ts';
import { isUsed as isUsedByNeighbours } from '../neighbours/names.ts';
import { ForwarderChild, isOpenDescriptor } from './child.ts';

/** How a forwarder ended: its exit code, or the signal that ended it. */
export interface ForwarderExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to its standard error, which is the cause where it saw the end coming; may be empty. */
  readonly lastWords: string;
  /** ms until its successor is started, 0 when one stood by; null when it was stopped on purpose. */
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
  /** Whether a successor stands by. */
  readonly hasSuccessor: boolean;
  /**
   * Says this to the forwarder, now and (but for `report`) to each successor. A `descriptor` command needs `fd`, which
   * stays the caller's: keep it open as long as the forwarder runs; the forwarder gets a duplicate.
   */
  send(command: ForwarderCommand, fd?: number): void;
  /** Ends it for good; resolves once the process is gone. */
  stop(): Promise<void>;
}

const FIRST_RESTART_MS = 50;
const LONGEST_RESTART_MS = 5_000;
/** One that ran this long did not fail at its start: the next restart is as quick as the first. */
const SETTLED_MS = 10_000;
/** The successor is started once the one at work has had the machine to itself for its first handshakes. */
const STANDBY_AFTER_MS = 500;
/** Reports that stay unanswered, and for how long, before it is taken for hung. */
const MOST_UNANSWERED = 2;
const LONGEST_SILENCE_MS = 5_000;

/** Starts a forwarder and keeps one running until `stop`. */
export function startForwarder(options: ForwarderOptions): Forwarder {
  return new ForwarderSupervisor(options);
}

interface Standby {
  readonly child: ForwarderChild;
  /** What it said when it had loaded; told to the owner when it takes over. */
  ready: ForwarderEvent | undefined;
}

class ForwarderSupervisor implements Forwarder {
  readonly #options: ForwarderOptions;
  readonly #descriptors = new Map<string, number>();
  readonly #timestamps = new Map<string, string>();
  #configure: ConfigureCommand | undefined;
  #groups: GroupsCommand | undefined;
  readonly #learned = new LearnedRoutes();
  #active: ForwarderChild | undefined;
  #standby: Standby | undefined;
  #restartInMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | undefined;
  #preparation: NodeJS.Timeout | undefined;
  /** Of the report that is being told. */
  readonly #parts: Extract<ForwarderEvent, { type: 'telemetry' }>[] = [];
  #unanswered = 0;
  #unansweredSince = 0;
  #isStopped = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#employ(this.#spawn());
  }

  get pid(): number | undefined {
    return this.#active?.pid;
  }

  get hasSuccessor(): boolean {
    return this.#standby?.ready !== undefined;
  }

  send(command: ForwarderCommand, fd?: number): void {
    if (command.type === 'report') this.#watch();
    else if (command.type === 'descriptor') this.#descriptors.set(command.name, openDescriptor(command.name, fd));
    else if (command.type === 'groups') this.#groups = command;
    else if (command.type === 'routes') this.#learned.note(command);
    else if (command.type === 'configure') {
      this.#configure = command;
      this.#forgetSockets(command);
    }
    this.#active?.say(command, fd);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restart);
    clearTimeout(this.#preparation);
    await Promise.all([this.#active?.stop(), this.#standby?.child.stop()]);
  }

  #spawn(): ForwarderChild {
    const child: ForwarderChild = new ForwarderChild(this.#options.nodeBinary ?? process.execPath, {
      onEvent: (event) => this.#hear(child, event),
      onEnd: (code, signal, lastWords) => this.#ended(child, { code, signal, lastWords }),
    });
    return child;
  }

  /** Puts a child to work: it is told all that its predecessor was told. The socket keeps it until it listens. */
  #employ(child: ForwarderChild): void {
    this.#active = child;
    this.#unanswered = 0;
    this.#parts.length = 0;
    for (const [name, fd] of this.#descriptors) {
      if (isOpenDescriptor(fd)) child.say({ type: 'descriptor', name }, fd);
      else this.#descriptors.delete(name);
    }
    if (this.#configure !== undefined) child.say(this.#withFloors(this.#configure));
    if (this.#groups !== undefined) child.say(this.#groups);
    for (const command of this.#learned.commands()) child.say(command);
  }

  #hear(child: ForwarderChild, event: ForwarderEvent): void {
    if (child !== this.#active) {
      if (event.type === 'ready' && this.#standby?.child === child) this.#standby.ready = event;
      return;
    }
    if (event.type === 'ready') this.#prepareSuccessor(STANDBY_AFTER_MS);
    if (event.type === 'telemetry') {
      this.#unanswered = 0;
      if (event.more === true) this.#parts.push(event);
      else this.#options.onEvent(joinTelemetry(this.#parts.splice(0), event));
      return;
    }
    if (event.type === 'timestamp') this.#timestamps.set(event.uplinkId, event.label);
    this.#options.onEvent(event);
  }

  #prepareSuccessor(afterMs: number): void {
    clearTimeout(this.#preparation);
    this.#preparation = setTimeout(() => {
      if (this.#standby === undefined) this.#standby = { child: this.#spawn(), ready: undefined };
    }, afterMs);
  }

  #ended(child: ForwarderChild, end: Omit<ForwarderExit, 'restartInMs'>): void {
    if (this.#isStopped) {
      if (child === this.#active) this.#options.onExit?.({ ...end, restartInMs: null });
    } else if (child === this.#active) this.#replace(child, end);
    else if (child === this.#standby?.child) {
      this.#standby = undefined;
      this.#prepareSuccessor(LONGEST_RESTART_MS);
    }
  }

  #replace(child: ForwarderChild, end: Omit<ForwarderExit, 'restartInMs'>): void {
    this.#active = undefined;
    clearTimeout(this.#preparation);
    const successor = this.#standby;
    this.#standby = undefined;
    if (performance.now() - child.startedAt > SETTLED_MS) this.#restartInMs = FIRST_RESTART_MS;
    if (successor !== undefined) {
      this.#employ(successor.child);
      this.#options.onExit?.({ ...end, restartInMs: 0 });
      if (successor.ready !== undefined) this.#hear(successor.child, successor.ready);
      return;
    }
    const restartInMs = this.#restartInMs;
    this.#restartInMs = Math.min(LONGEST_RESTART_MS, restartInMs * 2);
    this.#restart = setTimeout(() => this.#employ(this.#spawn()), restartInMs);
    this.#options.onExit?.({ ...end, restartInMs });
  }

  /** One that does not answer any more is as good as dead, and can be replaced. */
  #watch(): void {
    if (this.#unanswered === 0) this.#unansweredSince = performance.now();
    this.#unanswered += 1;
    const silentMs = performance.now() - this.#unansweredSince;
    // Several reports: after a pause of our own process one may stand unanswered only because we have not read yet.
    if (this.#unanswered > MOST_UNANSWERED && silentMs > LONGEST_SILENCE_MS) this.#active?.kill();
  }

  /** As the forwarder does: what the configuration does not name may be closed by the owner, and its number used again. */
  #forgetSockets({ uplinks, neighbours = [] }: ConfigureCommand): void {
    const known = new Set(uplinks.map(({ id }) => id));
    const neighbourIds = new Set(neighbours.map(({ id }) => id));
    for (const name of this.#descriptors.keys()) {
      const isUsed = isUsedByNeighbours(name, neighbourIds) ?? (name === TUN_NAME || known.has(uplinkOfSocket(name)));
      if (!isUsed) this.#descriptors.delete(name);
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
}

function openDescriptor(name: string, fd: number | undefined): number {
  if (fd === undefined) throw new TypeError(`descriptor ${name}: the descriptor itself is missing`);
  if (!isOpenDescriptor(fd))
    throw new TypeError(`descriptor ${name}: ${fd} is closed; keep it open while it is in use`);
  return fd;
}
