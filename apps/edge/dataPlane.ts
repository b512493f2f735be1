/**
 * The edge below its channel: TUN, uplink sockets, kernel tables, forwarder and steering, driven by one configuration
 * at a time. It knows nothing of the controller; what happens is told to its owner.
 */
import type { FlowReport, FlowsCommand, ForwarderEvent, LinkState } from '@patronus/forwarder';
import { type Forwarder, type ForwarderExit, startForwarder } from '@patronus/forwarder/process';
import {
  type Configuration,
  type DecisionTelemetry,
  MAX_REPORTED_TUNNELS,
  MAX_REPORTED_UPLINKS,
  type UplinkReport,
} from '@patronus/protocol';
import { type OpenedTun, systemClock } from '@patronus/system/linux';
import { Bgp } from './bgp/bgp.ts';
import type { LearnedChange } from './bgp/learned.ts';
import { Breakout } from './breakout/breakout.ts';
import { messageOf } from './errors.ts';
import { FlowQuestions } from './forwarder/flowQuestions.ts';
import { type Crash, crashOf, tellCrash } from './forwarder/lastWords.ts';
import type { Telemetry } from './forwarder/telemetry.ts';
import { TrafficSense } from './forwarder/traffic.ts';
import { translate, translateLearned } from './forwarder/translate.ts';
import { raiseTimestampFloor, readTimestampFloor, uplinkKey } from './identity/wireguardKeys.ts';
import { bootstrapConfiguration, emptyConfiguration } from './kernel/bootstrap.ts';
import { type Kernel, openKernel } from './kernel/kernel.ts';
import { settleParameters } from './kernel/parameters.ts';
import { tunName } from './kernel/plan.ts';
import { type Reconciled, Reconciler, repairWords } from './kernel/reconcile.ts';
import { RouterSessions } from './kernel/routerSessions.ts';
import type { RouterChange } from './kernel/routers.ts';
import { UplinkSockets } from './kernel/sockets.ts';
import { claimTun, settleTun } from './kernel/tun.ts';
import { localAddresses, reportUplink, type UplinkView } from './kernel/uplinks.ts';
import { Watch } from './kernel/watch.ts';
import { Reach } from './reach/reach.ts';
import type { StatePaths } from './state/paths.ts';
import { numbersFor } from './state/uplinkNumbers.ts';
import { Ledger } from './steering/ledger.ts';
import { Steering } from './steering/steering.ts';

export interface DataPlaneEvents {
  onTunnels(up: ReadonlySet<string>): void;
  onUplinks(): void;
  onTelemetry(report: Extract<ForwarderEvent, { type: 'telemetry' }>): void;
  /** Packets of people are under way. */
  onTraffic(): void;
  /** Paths changed, and why. */
  onDecisions(decisions: readonly DecisionTelemetry[]): void;
  /** Something a person should hear of. */
  onNotice(code: string, message: string): void;
  /** Something for the log. */
  onWords(code: string, message: string): void;
}

const reportSoonMs = 20;

export class DataPlane {
  readonly #paths: StatePaths;
  readonly #events: DataPlaneEvents;
  readonly #kernel: Kernel;
  readonly #reconciler: Reconciler;
  readonly #sockets: UplinkSockets;
  readonly #routers: RouterSessions;
  readonly #tun: OpenedTun;
  readonly #forwarder: Forwarder;
  readonly #steering: Steering;
  readonly #breakout: Breakout;
  readonly #reach: Reach;
  readonly #bgp: Bgp;
  readonly #traffic = new TrafficSense();
  #configuration: Configuration | undefined;
  #serial = 0;
  readonly #questions = new FlowQuestions((command) => this.#forwarder.send(command));
  #states = new Map<string, LinkState>();
  #capabilities: Readonly<Record<string, string>> = {};
  #lastCrash: Crash | undefined;
  #toldUplinks = '';
  #toldComplaints = '';
  #reportTimer: NodeJS.Timeout | undefined;
  readonly #watch: Watch;

  private constructor(paths: StatePaths, events: DataPlaneEvents, kernel: Kernel, tun: OpenedTun) {
    this.#paths = paths;
    this.#events = events;
    this.#kernel = kernel;
    this.#tun = tun;
    this.#reconciler = new Reconciler(kernel);
    this.#watch = new Watch({
      nextInMs: (nowMs, hasNews) => this.#reconciler.nextInMs(nowMs, hasNews),
      look: () => this.#lookAtKernel(),
      onFailure: (message) => events.onNotice('KERNEL_REFUSED', message),
    });
    this.#watch.soon(false);
    this.#forwarder = startForwarder({
      onEvent: (event) => this.#hear(event),
      onExit: (exit) => this.#lament(exit),
    });
    this.#sockets = new UplinkSockets((name, fd) => this.#forwarder.send({ type: 'descriptor', name }, fd));
    this.#routers = new RouterSessions((name, fd) => this.#forwarder.send({ type: 'descriptor', name }, fd));
    this.#forwarder.send({ type: 'descriptor', name: 'tun' }, tun.fd);
    this.#breakout = new Breakout({
      onNotice: (code, message) => events.onNotice(code, message),
      onChange: () => this.#reportSoon(),
    });
    this.#reach = new Reach({
      onNotice: (code, message) => events.onNotice(code, message),
      onReach: (edgeId, state) => this.#reachChanged(edgeId, state !== 'down'),
    });
    this.#bgp = new Bgp({
      onNotice: (code, message) => events.onNotice(code, message),
      onWords: (code, message) => events.onWords(code, message),
      onSessions: () => this.#reportSoon(),
      onLearned: (change) => this.#learn(change),
    });
    this.#steering = new Steering(
      {
        publish: (command) => this.#forwarder.send(command),
        onDecisions: (decisions) => events.onDecisions(decisions),
        onNotice: (code, message) => events.onNotice(code, message),
      },
      new Ledger(paths.decisions),
    );
  }

  /** Opens the TUN and starts the forwarder. Throws a LinuxError that says what is missing. */
  static async start(paths: StatePaths, events: DataPlaneEvents): Promise<DataPlane> {
    const tun = await claimTun();
    let plane: DataPlane | undefined;
    const kernel = openKernel(() => {
      if (plane !== undefined) plane.#watch.soon(true);
    });
    plane = new DataPlane(paths, events, kernel, tun);
    return plane;
  }

  get steering(): Steering {
    return this.#steering;
  }
  get capabilities(): Readonly<Record<string, string>> {
    return this.#capabilities;
  }
  /** How the forwarder last ended without being asked to; undefined: it never did. */
  get lastCrash(): Crash | undefined {
    return this.#lastCrash;
  }
  get forwarderPid(): number | undefined {
    return this.#forwarder.pid;
  }
  /** As the kernel has them, and as BFD has their routers. */
  get uplinks(): readonly UplinkView[] {
    return this.#routers.view(this.#reconciler.uplinks);
  }

  tunnelsUp(): ReadonlySet<string> {
    return new Set([...this.#states].filter(([, state]) => state === 'up').map(([id]) => id));
  }

  /** What the edge finds out beside its forwarder, added to the forwarder's report. */
  withOwnFindings(telemetry: Telemetry): Telemetry {
    return {
      ...telemetry,
      policies: this.#breakout.countInto(telemetry.policies ?? []),
      breakout: this.#breakout.telemetry().slice(0, MAX_REPORTED_UPLINKS),
      reach: this.#reach.telemetry().slice(0, MAX_REPORTED_TUNNELS),
      bgp: this.#bgp.telemetry(),
    };
  }

  localAddresses(): { address: string; uplink: string }[] {
    return localAddresses(this.uplinks);
  }

  uplinkReports(): UplinkReport[] {
    if (this.#configuration === undefined) return [];
    return this.uplinks.map((view) => reportUplink(view, uplinkKey(this.#paths, view.id).publicKey));
  }

  /**
   * Makes this configuration the one that runs, as a whole. Keys, sockets, routes and peers that are new come before
   * those that go. Undefined: none. `digest`: SHA-256 of what was signed, hex. Throws when it cannot be applied.
   */
  apply(configuration: Configuration | undefined, digest: string): void {
    this.#configuration = configuration;
    const next = configuration ?? emptyConfiguration;
    if (configuration !== undefined) settleTun(this.#kernel, this.#tun, configuration);
    this.#routers.configure(next.bfdPeers);
    this.#reconciler.desire(next, this.#numbers(next), this.#tun.interfaceIndex);
    if (configuration === undefined) this.#bootstrap();
    this.#follow(this.#reconciler.reconcile(systemClock.monotonicMs()));
    this.#configureForwarder();
    this.#routers.tidy();
    const known = new Set(next.tunnels.map(({ id }) => id));
    this.#states = new Map([...this.#states].filter(([id]) => known.has(id)));
    this.#reach.follow(configuration, this.tunnelsUp());
    this.#steering.configure(configuration, digest);
    this.#bgp.configure(configuration);
    this.#tellBgpOfEdges();
  }

  #lookAtKernel(): void {
    const reconciled = this.#reconciler.watch(systemClock.monotonicMs());
    if (reconciled === undefined) return;
    if (this.#configuration === undefined) this.#bootstrap();
    else settleTun(this.#kernel, this.#tun, this.#configuration);
    this.#follow(reconciled);
  }

  /** Asks for a telemetry event. */
  report(): void {
    this.#forwarder.send({ type: 'report' });
  }

  /** Flows that fit, newest first. Throws an EdgeError when the forwarder does not answer. */
  flows(filter: Omit<FlowsCommand, 'type' | 'id'>): Promise<readonly FlowReport[]> {
    return this.#questions.ask(filter);
  }

  /** Routes to the TUN go; what fails closed stays. */
  async stop(): Promise<void> {
    clearTimeout(this.#reportTimer);
    this.#steering.stop();
    this.#reach.stop();
    await this.#bgp.stop();
    await this.#breakout.stop();
    this.#watch.stop();
    await this.#forwarder.stop();
    if (this.#configuration !== undefined) this.#reconciler.leave(this.#configuration, systemClock.monotonicMs());
    this.#sockets.close();
    this.#routers.close();
    this.#tun.close();
    this.#kernel.close();
  }

  #numbers({ uplinks }: Configuration): Readonly<Record<string, number>> {
    return numbersFor(
      this.#paths,
      uplinks.map(({ id }) => id),
    );
  }

  /** Without a configuration, ways to the controller over every interface that has a default route. */
  #bootstrap(): void {
    const wanted = bootstrapConfiguration(this.#kernel.view());
    const numbers = Object.fromEntries(wanted.uplinks.map(({ id }, number) => [id, number]));
    this.#reconciler.desire(wanted, numbers, undefined);
  }

  #follow(reconciled: Reconciled | undefined): void {
    if (reconciled === undefined) return;
    const { uplinks, repaired } = reconciled;
    const interfaces = uplinks
      .filter(({ interfaceIndex }) => interfaceIndex !== undefined)
      .map((view) => view.interface);
    const complaints = [...reconciled.complaints, ...settleParameters([tunName, ...interfaces])];
    // Without a configuration the forwarder lets go of them: they are handed over anew with the next.
    complaints.push(...this.#sockets.follow(this.#configuration === undefined ? [] : uplinks));
    this.#breakout.follow(this.#configuration, this.#routers.view(uplinks));
    complaints.push(...this.#routers.follow(uplinks, () => this.#kernel.links.list()));
    this.#bgp.networkChanged(this.#reconciler.network);
    if (repaired !== undefined) this.#events.onNotice('KERNEL_REPAIRED', repairWords(repaired));
    const complaint = complaints.join('; ');
    if (complaint !== '' && complaint !== this.#toldComplaints) this.#events.onNotice('KERNEL_REFUSED', complaint);
    this.#toldComplaints = complaint;
    this.#tellUplinks();
  }

  /** What BGP brought goes to the kernel and to the forwarder. */
  #learn(change: LearnedChange): void {
    const complaints = this.#reconciler.learn(change);
    if (complaints.length > 0) this.#events.onNotice('KERNEL_REFUSED', complaints.slice(0, 5).join('; '));
    for (const command of translateLearned(change)) this.#forwarder.send(command);
  }

  #tellBgpOfEdges(): void {
    this.#bgp.edgesChanged(this.tunnelsUp(), this.#steering.state.unreachable);
  }

  #tellUplinks(): void {
    const told = JSON.stringify(this.uplinkReports());
    if (told !== this.#toldUplinks) this.#events.onUplinks();
    this.#toldUplinks = told;
  }

  #routerChanged(change: RouterChange): void {
    this.#bgp.bfdChanged(change);
    const { changesUplinks, notice } = this.#routers.heard(change);
    if (changesUplinks) {
      this.#breakout.follow(this.#configuration, this.uplinks);
      this.#tellUplinks();
    }
    if (notice !== null) this.#events.onNotice(...notice);
    this.#reportSoon();
  }

  /** Where another edge leads to the same prefix, what goes there changes over. */
  #reachChanged(edgeId: string, isReachable: boolean): void {
    const isKnown = this.#steering.state.unreachable.includes(edgeId) === !isReachable;
    this.#steering.reach(edgeId, isReachable, systemClock.monotonicMs());
    const hasOther = this.#configuration?.routes.some(
      ({ nextHops }) => nextHops.length > 1 && nextHops.includes(edgeId),
    );
    if (!isKnown && hasOther === true) this.#configureForwarder();
    this.#tellBgpOfEdges();
    this.#reportSoon();
  }

  #configureForwarder(): void {
    const configuration = this.#configuration ?? emptyConfiguration;
    const uplinks = configuration.uplinks.map(({ id }) => ({
      id,
      privateKey: uplinkKey(this.#paths, id).privateKey,
      timestampFloor: readTimestampFloor(this.#paths, id),
    }));
    this.#serial += 1;
    this.#forwarder.send(translate(configuration, uplinks, this.#serial, this.#steering.state.unreachable));
  }

  #hear(event: ForwarderEvent): void {
    switch (event.type) {
      case 'ready':
        this.#capabilities = event.capabilities;
        // A successor was told what its predecessor knew; the handshake timestamps have grown since.
        if (this.#serial > 0) this.#configureForwarder();
        return;
      case 'capabilities':
        this.#capabilities = event.capabilities;
        return;
      case 'tunnelState':
        this.#states.set(event.tunnelId, event.state);
        this.#steering.tunnelState(event.tunnelId, event.state, event.reason, event.atMs);
        this.#reach.follow(this.#configuration, this.tunnelsUp());
        this.#tellBgpOfEdges();
        this.#events.onTunnels(this.tunnelsUp());
        this.#reportSoon();
        return;
      case 'suspected':
        this.#steering.suspected(event.tunnelId, event.isSuspected, event.by, event.atMs);
        return;
      case 'bfdPeerState':
        this.#routerChanged(event);
        return;
      case 'switched':
        this.#reportSoon();
        return;
      case 'timestamp':
        this.#keepTimestamp(event.uplinkId, event.label);
        return;
      case 'telemetry':
        this.#steering.telemetry(event.tunnels, event.atMs);
        this.#events.onTelemetry(event);
        return;
      case 'flows':
        this.#questions.answer(event.id, event.flows);
        return;
      case 'quality':
        this.#steering.quality(event.tunnels, event.atMs);
        if (this.#traffic.heard(event.atMs)) this.#events.onTraffic();
        return;
      case 'fault':
        this.#events.onNotice('FORWARDER_FAULT', `${event.code}: ${event.message}`);
        return;
    }
  }

  /** A full disk must not stop handshakes; after a restart the clock has to be trusted then. */
  #keepTimestamp(uplinkId: string, label: string): void {
    try {
      raiseTimestampFloor(this.#paths, uplinkId, label);
    } catch (error) {
      this.#events.onNotice('STATE_NOT_WRITABLE', messageOf(error));
    }
  }

  /** Changes of state are told at once, those of one moment together. */
  #reportSoon(): void {
    this.#reportTimer ??= setTimeout(() => {
      this.#reportTimer = undefined;
      this.report();
    }, reportSoonMs);
  }

  #lament(exit: ForwarderExit): void {
    if (exit.restartInMs === null) return;
    this.#routers.forget();
    this.#lastCrash = crashOf(exit, systemClock.wallMs());
    const atMs = systemClock.monotonicMs();
    for (const tunnelId of this.#states.keys()) {
      this.#states.set(tunnelId, 'connecting');
      this.#steering.tunnelState(tunnelId, 'connecting', 'the forwarder starts anew', atMs);
    }
    this.#tellBgpOfEdges();
    this.#events.onTunnels(this.tunnelsUp());
    this.#events.onNotice('FORWARDER_RESTARTED', tellCrash(this.#lastCrash));
  }
}
