/**
 * Runs a speaker on this machine: sockets, clock, the kernel's routes, the control socket. Everything happens on one
 * event loop in turns of some milliseconds, so that a full table that comes in delays no keepalive.
 */
import {
  type NeighbourConfiguration,
  Speaker,
  type SpeakerEffect,
  type SpeakerNews,
  socketOptions,
} from '@patronus/bgp';
import { formatAddress, type IpAddress } from '@patronus/net';
import {
  LinuxAddresses,
  LinuxRoutes,
  NetlinkSocket,
  NetworkMonitor,
  systemClock,
  systemRandom,
} from '@patronus/system/linux';
import type { RouterConfiguration } from '../configuration/configuration.ts';
import { commandsOf } from './commands.ts';
import { type ConnectionEvents, Connections, type PeerKey } from './connections.ts';
import { ControlSocket } from './control.ts';
import { KernelRoutes } from './kernelRoutes.ts';
import { Reachability } from './reachability.ts';

/** Changes of routes that go to the kernel in one turn: some milliseconds. */
const KERNEL_TURN = 512;
/** After so long what a former process left in the kernel goes, whatever neighbours have told by then. */
const SWEEP_MS = 180_000;
const MOST_TIMEOUT_MS = 0x7fff_ffff;

export interface RouterOptions {
  readonly configuration: RouterConfiguration;
  /** What a person should know, a line each. */
  readonly log: (line: string) => void;
}

export class Router {
  readonly #configuration: RouterConfiguration;
  readonly #log: (line: string) => void;
  readonly #speaker: Speaker;
  readonly #connections: Connections;
  readonly #reachability: Reachability;
  readonly #kernel: KernelRoutes | undefined;
  readonly #monitor: NetworkMonitor;
  #control: ControlSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isTurnPlanned = false;
  #isStopping = false;

  private constructor({ configuration, log }: RouterOptions) {
    this.#configuration = configuration;
    this.#log = log;
    const netlink = new NetlinkSocket();
    this.#reachability = new Reachability(new LinuxRoutes(netlink), new LinuxAddresses(netlink));
    this.#kernel =
      configuration.kernel === undefined
        ? undefined
        : new KernelRoutes(netlink, configuration.kernel, (error) => log(error.message));
    this.#monitor = new NetworkMonitor([netlink.port], () => this.#networkChanged());
    const random = () => new DataView(systemRandom.bytes(4).buffer).getUint32(0) / 2 ** 32;
    this.#speaker = new Speaker({
      ...{ configuration: configuration.speaker, random },
      seed: new DataView(systemRandom.bytes(4).buffer).getUint32(0),
      interiorCost: (nextHop) => this.#reachability.hopTo(nextHop)?.cost,
      isOwnAddress: (address) => this.#reachability.isOwnAddress(address),
      ownNextHops: (local) => this.#reachability.ownNextHops(local),
      wantsChanges: configuration.kernel !== undefined,
    });
    this.#connections = new Connections(this.#events(), now);
  }

  /** Listens, connects, and answers its control socket. Throws where an address or the socket cannot be had. */
  static async start(options: RouterOptions): Promise<Router> {
    const router = new Router(options);
    const { listen, port, controlSocket } = options.configuration;
    const commands = commandsOf(router.#speaker, now, () => router.#turn());
    router.#control = await ControlSocket.listen(controlSocket, commands);
    for (const address of listen) await router.#connections.listen(address, port, keysOf(options.configuration));
    router.#speaker.start(now());
    if (router.#kernel?.hasLeftovers === true) setTimeout(() => router.#kernel?.sweep(), SWEEP_MS).unref();
    router.#turn();
    return router;
  }

  /** Tells every neighbour, takes its routes out of the kernel, and ends. */
  async stop(reason?: string): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    this.#speaker.stop(reason, now());
    this.#carryOut(this.#speaker.effects());
    this.#control?.close();
    this.#monitor.close();
    await this.#connections.stop();
    this.#kernel?.removeAll();
  }

  #events(): ConnectionEvents {
    const speaker = this.#speaker;
    const then = (act: () => void) => {
      act();
      this.#carryOut(speaker.effects());
      this.#planTurn();
    };
    return {
      connected: (connection, local) => then(() => speaker.connected(connection, local, now())),
      accepted: (connection, remote, local) => then(() => speaker.accepted(connection, remote, local, now())),
      received: (connection, bytes) => then(() => speaker.received(connection, bytes, now())),
      sent: (connection, waitingBytes) => then(() => speaker.sent(connection, waitingBytes, now())),
      closed: (connection, reason) => then(() => speaker.closed(connection, reason, now())),
    };
  }

  #planTurn(): void {
    if (this.#isTurnPlanned || this.#isStopping) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#turn();
    });
  }

  /** Timers that are due, updates for neighbours, routes for the kernel; then again while there is something to do. */
  #turn(): void {
    if (this.#isStopping) return;
    const speaker = this.#speaker;
    const nowMs = now();
    if (speaker.deadline <= nowMs) speaker.tick(nowMs);
    if (speaker.isWork) speaker.work(nowMs);
    this.#carryOut(speaker.effects());
    const isKernelBehind = this.#updateKernel();
    if (speaker.isWork || isKernelBehind) this.#planTurn();
    this.#planTimer();
  }

  #planTimer(): void {
    const { deadline } = this.#speaker;
    if (deadline === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(0, Math.ceil(deadline - now())), MOST_TIMEOUT_MS);
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      // What waits in sockets is read first: a pause of ours is not silence of a peer.
      this.#planTurn();
    }, delayMs);
  }

  /** Whether there is more. */
  #updateKernel(): boolean {
    const kernel = this.#kernel;
    if (kernel === undefined) return false;
    const changes = this.#speaker.changes(KERNEL_TURN);
    if (changes.length === 0) return false;
    kernel.apply(
      changes.map(({ prefix, nextHop }) => ({
        prefix,
        hop: nextHop === undefined ? undefined : this.#reachability.hopTo(nextHop),
      })),
    );
    return changes.length === KERNEL_TURN;
  }

  #networkChanged(): void {
    const changes = this.#monitor.drain();
    if (!['link', 'address', 'route', 'resync'].some((kind) => changes.has(kind as 'link'))) return;
    this.#reachability.refresh();
    this.#speaker.routes.nextHopsChanged();
    this.#planTurn();
  }

  #carryOut(effects: readonly SpeakerEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'connect':
          this.#connect(effect.connection, effect.remote, effect.neighbour);
          break;
        case 'recognized': {
          const { ttl, leastTtl } = socketOptions(effect.neighbour.session);
          this.#connections.setHops(effect.connection, { ttl, leastTtl });
          break;
        }
        case 'send':
          this.#connections.send(effect.connection, effect.bytes);
          break;
        case 'close':
          this.#connections.close(effect.connection);
          break;
        default:
          this.#log(inWords(effect));
      }
    }
  }

  #connect(connection: number, remote: IpAddress, neighbour: NeighbourConfiguration): void {
    const { ttl, leastTtl, md5Key } = socketOptions(neighbour.session);
    const { localAddress, device, port } = neighbour;
    this.#connections.connect(connection, {
      ...{ remote, port: port ?? this.#configuration.port, hops: { ttl, leastTtl } },
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(device === undefined ? {} : { device }),
      ...(md5Key === null ? {} : { md5Key: new TextEncoder().encode(md5Key.reveal()) }),
    });
  }
}

const now = systemClock.monotonicMs;

function keysOf({ speaker }: RouterConfiguration): PeerKey[] {
  return speaker.neighbours.flatMap(({ address, session }) =>
    session.md5Key === undefined ? [] : [{ peer: address, key: new TextEncoder().encode(session.md5Key.reveal()) }],
  );
}

function inWords(news: SpeakerNews): string {
  switch (news.kind) {
    case 'state':
      return `${news.neighbour}: ${news.from} → ${news.to}`;
    case 'down':
      return `${news.neighbour}: the session is down: ${news.reason}`;
    case 'failed':
      return `${news.neighbour}: no session: ${news.reason}`;
    case 'refused':
      return `a connection from ${formatAddress(news.remote)} was refused: ${news.reason}`;
    case 'prefixWarning': {
      const { neighbour, family, count, most, isExceeded } = news;
      return `${neighbour}: ${count} prefixes of ${family}, ${isExceeded ? 'more than' : 'close to'} the ${most} that are allowed`;
    }
  }
}
