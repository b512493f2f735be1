/** Runs a speaker on this machine, with what is around it: the kernel's routes, BFD, RPKI, BMP and the control socket. */
import { hostname } from 'node:os';
import type { Reconfigured, Speaker, SpeakerConfiguration, SpeakerMonitor, SpeakerNews } from '@patronus/bgp';
import { formatAddress } from '@patronus/net';
import { LinuxAddresses, LinuxRoutes, NetlinkSocket, NetworkMonitor, systemClock } from '@patronus/system/linux';
import type { RouterConfiguration } from '../configuration/configuration.ts';
import type { BfdNews } from './bfd/peer.ts';
import { BfdThread } from './bfd/thread.ts';
import { watchedPeers } from './bfd/watched.ts';
import { BmpStations } from './bmp/stations.ts';
import { commandsOf } from './commands.ts';
import { ControlSocket } from './control.ts';
import { KernelRoutes } from './kernelRoutes.ts';
import { Listeners } from './listeners.ts';
import { Reachability } from './reachability.ts';
import { afterRestart, deferralS, oursFirst } from './restart.ts';
import { RpkiCaches } from './rpki/caches.ts';
import { SpeakerLoop } from './speakerLoop.ts';

/** Changes of routes that go to the kernel in one turn: some milliseconds. */
const KERNEL_TURN = 512;

export interface RouterOptions {
  readonly configuration: RouterConfiguration;
  /** The configuration as it is by now. Throws where it cannot be read or is wrong, with words for people. */
  readonly read: () => RouterConfiguration;
  /** What a person should know, a line each. */
  readonly log: (line: string) => void;
}

export class Router {
  readonly #read: () => RouterConfiguration;
  readonly #log: (line: string) => void;
  readonly #stations: BmpStations;
  readonly #loop: SpeakerLoop;
  readonly #listeners: Listeners;
  readonly #netlink = new NetlinkSocket();
  readonly #bfd = new BfdThread((news) => this.#bfdSays(news));
  readonly #rpki = new RpkiCaches({ changed: () => this.#rpkiChanged(), log: (line) => this.#log(line) }, now);
  readonly #reachability: Reachability;
  readonly #monitor: NetworkMonitor;
  #configuration: RouterConfiguration;
  #kernel: KernelRoutes | undefined;
  /** Of the kernel's routes some are a former process's, until neighbours have told what they have. */
  #isRestarting = false;
  /** One at a time. */
  #reloading: Promise<unknown> = Promise.resolve();
  #control: ControlSocket | undefined;
  /** Some have come, gone, or were disabled. */
  #areNeighboursOthers = true;

  private constructor({ configuration, read, log }: RouterOptions) {
    this.#configuration = configuration;
    this.#read = read;
    this.#log = log;
    const netlink = this.#netlink;
    this.#reachability = new Reachability(new LinuxRoutes(netlink), new LinuxAddresses(netlink));
    this.#openKernel();
    this.#monitor = new NetworkMonitor([netlink.port], () => this.#networkChanged());
    this.#loop = new SpeakerLoop(
      {
        ...{ configuration: this.#speakerConfiguration(), monitor: this.#watching() },
        interiorCost: (nextHop) => this.#reachability.hopTo(nextHop)?.cost,
        isOwnAddress: (address) => this.#reachability.isOwnAddress(address),
        ownNextHops: (local) => this.#reachability.ownNextHops(local),
        validate: (address, length, originAs) => this.#rpki.table.validate(address, length, originAs),
        wantsChanges: configuration.kernel !== undefined,
      },
      ({ port }) => port ?? this.#configuration.port,
      { onNews: (news) => this.#hear(news), onTurn: () => this.#followUp() },
    );
    this.#listeners = new Listeners(this.#loop.connections);
    this.#stations = new BmpStations({
      ...{ routes: this.#speaker.routes, neighbours: () => this.#speaker.neighbours, log },
      ...{ nowUs: () => 1_000 * Date.now(), systemDescription: 'Patronus', systemName: hostname() },
      portsOf: ({ session: { connection } }) => this.#loop.connections.portsOf(connection ?? 0),
    });
  }

  get #speaker(): Speaker {
    return this.#loop.speaker;
  }

  /** Listens, connects, and answers its control socket. Throws where an address or the socket cannot be had. */
  static async start(options: RouterOptions): Promise<Router> {
    const router = new Router(options);
    const { configuration } = options;
    const commands = commandsOf({
      ...{ speaker: router.#speaker, now, changed: () => router.#ordered(), reload: () => router.reload() },
      bfdStateOf: (name) => router.#bfd.stateOf(name),
      rpkiReport: () => router.#rpki.report(),
      stationReports: () => router.#stations.report(),
    });
    router.#control = await ControlSocket.listen(configuration.controlSocket, commands);
    const isRestart = router.#isRestarting;
    if (!isRestart) await router.#listeners.become(configuration);
    router.#begin();
    if (!isRestart) return router;
    await oursFirst(() => router.#speaker.neighbours, now);
    await router.#listeners.become(router.#configuration);
    return router;
  }

  #begin(): void {
    const { speaker, rpki, bmp } = this.#configuration;
    this.#rpki.follow(rpki);
    this.#stations.follow(bmp);
    if (this.#isRestarting) this.#speaker.defer(now() + 1_000 * deferralS(speaker));
    this.#speaker.start(now());
    this.#loop.turn();
  }

  /**
   * Reads its configuration again and becomes what it says now, with the least that it takes. Throws with what is wrong
   * with it; then everything is as it was.
   */
  reload(): Promise<Reconfigured> {
    const done = this.#reloading.then(() => this.#reload());
    this.#reloading = done.catch(() => undefined);
    return done;
  }

  async #reload(): Promise<Reconfigured> {
    const before = this.#configuration;
    const next = this.#read();
    await this.#listeners.become(next);
    this.#configuration = next;
    const reconfigured = this.#speaker.reconfigure(this.#speakerConfiguration(), now());
    this.#areNeighboursOthers = true;
    this.#rpki.follow(next.rpki);
    this.#stations.follow(next.bmp);
    if (before.kernel?.table !== next.kernel?.table || before.kernel?.metric !== next.kernel?.metric) {
      this.#kernel?.removeAll();
      this.#openKernel();
      this.#speaker.routes.watch(next.kernel !== undefined);
    }
    if (before.controlSocket !== next.controlSocket) this.#log('another control socket is taken with the next start');
    this.#loop.turn();
    return reconfigured;
  }

  /** Tells every neighbour, takes its routes out of the kernel, and ends. */
  async stop(reason?: string): Promise<void> {
    const saidGoodbye = this.#loop.stop(reason);
    this.#control?.close();
    this.#monitor.close();
    this.#rpki.stop();
    this.#stations.stop();
    await this.#bfd.stop();
    await saidGoodbye;
    this.#kernel?.removeAll();
  }

  /** Who is told of what happens: the stations, once there are any. */
  #watching(): SpeakerMonitor {
    return {
      established: (neighbour) => this.#stations.established(neighbour),
      update: (neighbour, body, negotiated) => this.#stations.update(neighbour, body, negotiated),
      down: (neighbour, reason) => this.#stations.down(neighbour, reason),
    };
  }

  #openKernel(): void {
    const { kernel } = this.#configuration;
    this.#kernel = kernel && new KernelRoutes(this.#netlink, kernel, (error) => this.#log(error.message));
    this.#isRestarting = this.#kernel !== undefined && this.#kernel.leftFamilies.size > 0;
  }

  #speakerConfiguration(): SpeakerConfiguration {
    const { speaker } = this.#configuration;
    return this.#isRestarting ? afterRestart(speaker, this.#kernel!.leftFamilies) : speaker;
  }

  /** All have told what they have, and it is in the kernel: what nobody told goes, and OPENs say so no more. */
  #restarted(): void {
    this.#isRestarting = false;
    this.#kernel?.sweep();
    this.#speaker.reconfigure(this.#speakerConfiguration(), now());
    this.#log('restarted: neighbours have told what they have');
  }

  /** An operator said something: who is watched may be others, also where no session changes its state for it. */
  #ordered(): void {
    this.#areNeighboursOthers = true;
    this.#loop.turn();
  }

  /** What follows from a turn of the speaker, for BFD and the kernel. Whether there is more. */
  #followUp(): boolean {
    const speaker = this.#speaker;
    if (this.#areNeighboursOthers) {
      this.#areNeighboursOthers = false;
      this.#bfd.follow(watchedPeers(this.#configuration, speaker));
    }
    if (this.#updateKernel()) return true;
    if (!this.#isRestarting || speaker.isWork || speaker.isDeferring) return false;
    this.#restarted();
    return true;
  }

  /** Whether there is more. */
  #updateKernel(): boolean {
    const kernel = this.#kernel;
    if (kernel === undefined) return false;
    const changes = this.#speaker.changes(KERNEL_TURN);
    if (changes.length === 0) return false;
    kernel.apply(
      changes.map(({ prefix, nextHops }) => ({
        prefix,
        hops: nextHops.flatMap((nextHop) => this.#reachability.hopTo(nextHop) ?? []),
      })),
    );
    return changes.length === KERNEL_TURN;
  }

  #networkChanged(): void {
    const changes = this.#monitor.drain();
    if (!['link', 'address', 'route', 'resync'].some((kind) => changes.has(kind as 'link'))) return;
    this.#reachability.refresh();
    this.#loop.act(() => this.#speaker.routes.nextHopsChanged());
  }

  #hear(news: SpeakerNews): void {
    if (news.kind === 'state') this.#areNeighboursOthers = true;
    this.#log(inWords(news));
  }

  #rpkiChanged(): void {
    if (this.#loop.isStopping) return;
    this.#loop.act(() => this.#speaker.routes.revalidate());
  }

  #bfdSays(news: BfdNews): void {
    const neighbour = this.#speaker.neighbour(news.id);
    if (neighbour === undefined || this.#loop.isStopping) return;
    this.#log(`${news.id}: ${news.kind === 'state' ? `BFD is ${news.state}: ` : ''}${news.reason}`);
    if (news.kind !== 'state' || !news.isFailure) return;
    this.#loop.act(() => this.#speaker.bfdDown(neighbour, now()));
  }
}

const now = systemClock.monotonicMs;

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
