/**
 * The edge below its channel: TUN, uplink sockets, kernel tables, forwarder and steering, driven by one configuration
 * at a time. It knows nothing of the controller; what happens is told to its owner.
 */
import type { ForwarderEvent, LinkState } from '@patronus/forwarder';
import { type Forwarder, type ForwarderExit, startForwarder } from '@patronus/forwarder/process';
import type { Configuration, UplinkReport } from '@patronus/protocol';
import { defaultThresholds, initialState, type SteeringEvent, type SteeringState, steer } from '@patronus/steering';
import { type OpenedTun, systemClock } from '@patronus/system/linux';
import { messageOf } from './errors.ts';
import { type Crash, crashOf, tellCrash } from './forwarder/lastWords.ts';
import { translate } from './forwarder/translate.ts';
import { raiseTimestampFloor, readTimestampFloor, uplinkKey } from './identity/wireguardKeys.ts';
import { bootstrapConfiguration, emptyConfiguration } from './kernel/bootstrap.ts';
import { type Kernel, openKernel } from './kernel/kernel.ts';
import { settleParameters } from './kernel/parameters.ts';
import { tunName } from './kernel/plan.ts';
import { type Reconciled, Reconciler } from './kernel/reconcile.ts';
import { UplinkSockets } from './kernel/sockets.ts';
import { claimTun, settleTun } from './kernel/tun.ts';
import { localAddresses, reportUplink, type UplinkView } from './kernel/uplinks.ts';
import type { StatePaths } from './state/paths.ts';
import { numbersFor } from './state/uplinkNumbers.ts';

export interface DataPlaneEvents {
  onTunnels(up: ReadonlySet<string>): void;
  onUplinks(): void;
  onTelemetry(report: Extract<ForwarderEvent, { type: 'telemetry' }>): void;
  /** Something a person should hear of. */
  onNotice(code: string, message: string): void;
}

const reportSoonMs = 20;

export class DataPlane {
  readonly #paths: StatePaths;
  readonly #events: DataPlaneEvents;
  readonly #kernel: Kernel;
  readonly #reconciler: Reconciler;
  readonly #sockets: UplinkSockets;
  readonly #tun: OpenedTun;
  readonly #forwarder: Forwarder;
  #configuration: Configuration | undefined;
  #serial = 0;
  #steering: SteeringState = initialState;
  #states = new Map<string, LinkState>();
  #capabilities: Readonly<Record<string, string>> = {};
  #lastCrash: Crash | undefined;
  #toldUplinks = '';
  #toldComplaints = '';
  #reportTimer: NodeJS.Timeout | undefined;
  #isStopping = false;

  private constructor(paths: StatePaths, events: DataPlaneEvents, kernel: Kernel, tun: OpenedTun) {
    this.#paths = paths;
    this.#events = events;
    this.#kernel = kernel;
    this.#tun = tun;
    this.#reconciler = new Reconciler(kernel);
    this.#forwarder = startForwarder({
      onEvent: (event) => this.#hear(event),
      onExit: (exit) => this.#lament(exit),
    });
    this.#sockets = new UplinkSockets((name, fd) => this.#forwarder.send({ type: 'descriptor', name }, fd));
    this.#forwarder.send({ type: 'descriptor', name: 'tun' }, tun.fd);
  }

  /** Opens the TUN and starts the forwarder. Throws a LinuxError that says what is missing. */
  static async start(paths: StatePaths, events: DataPlaneEvents): Promise<DataPlane> {
    const tun = await claimTun();
    return new DataPlane(paths, events, openKernel(), tun);
  }

  get tunnelStates(): ReadonlyMap<string, LinkState> {
    return this.#states;
  }
  get steering(): SteeringState {
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
  get uplinks(): readonly UplinkView[] {
    return this.#reconciler.uplinks;
  }

  tunnelsUp(): ReadonlySet<string> {
    return new Set([...this.#states].filter(([, state]) => state === 'up').map(([id]) => id));
  }

  localAddresses(): { address: string; uplink: string }[] {
    return localAddresses(this.#reconciler.uplinks);
  }

  uplinkReports(): UplinkReport[] {
    if (this.#configuration === undefined) return [];
    return this.#reconciler.uplinks.map((view) => reportUplink(view, uplinkKey(this.#paths, view.id).publicKey));
  }

  /**
   * Makes this configuration the one that runs, as a whole. Keys, sockets, routes and peers that are new come before
   * those that go. Undefined: none. Throws when it cannot be applied.
   */
  apply(configuration: Configuration | undefined): void {
    this.#configuration = configuration;
    const next = configuration ?? emptyConfiguration;
    if (configuration !== undefined) settleTun(this.#kernel, this.#tun, configuration);
    this.#reconciler.desire(next, this.#numbers(next), this.#tun.interfaceIndex);
    if (configuration === undefined) this.#bootstrap();
    this.#follow(this.#reconciler.reconcile(systemClock.monotonicMs()));
    this.#configureForwarder();
    const known = new Set(next.tunnels.map(({ id }) => id));
    this.#states = new Map([...this.#states].filter(([id]) => known.has(id)));
    this.#steer({ type: 'configured', atMs: systemClock.monotonicMs() }, true);
  }

  /** Called every `watchIntervalMs`. */
  watch(): void {
    if (this.#isStopping) return;
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

  /** Routes to the TUN go; what fails closed stays. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#reportTimer);
    await this.#forwarder.stop();
    if (this.#configuration !== undefined) this.#reconciler.leave(this.#configuration, systemClock.monotonicMs());
    this.#sockets.close();
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
    if (this.#configuration !== undefined) complaints.push(...this.#sockets.follow(uplinks));
    if (repaired !== undefined) {
      const count = repaired.setRoutes.length + repaired.removeRoutes.length;
      const rules = repaired.addRules.length + repaired.removeRules.length;
      this.#events.onNotice(
        'KERNEL_REPAIRED',
        `${count} routes and ${rules} rules of the fabric were changed by another program or a flapping link; they were put back`,
      );
    }
    const complaint = complaints.join('; ');
    if (complaint !== '' && complaint !== this.#toldComplaints) this.#events.onNotice('KERNEL_REFUSED', complaint);
    this.#toldComplaints = complaint;
    const told = JSON.stringify(this.uplinkReports());
    if (told !== this.#toldUplinks) this.#events.onUplinks();
    this.#toldUplinks = told;
  }

  #configureForwarder(): void {
    const configuration = this.#configuration ?? emptyConfiguration;
    const uplinks = configuration.uplinks.map(({ id }) => ({
      id,
      privateKey: uplinkKey(this.#paths, id).privateKey,
      timestampFloor: readTimestampFloor(this.#paths, id),
    }));
    this.#serial += 1;
    this.#forwarder.send(translate(configuration, uplinks, this.#serial));
  }

  #steer(event: SteeringEvent, isPublished = false): void {
    const tunnels = (this.#configuration?.tunnels ?? []).map(({ id, cost, remote }) => ({
      id,
      cost,
      edgeId: remote.edgeId,
    }));
    const { generation } = this.#steering;
    this.#steering = steer(this.#steering, event, { ...defaultThresholds, tunnels }).state;
    if (!isPublished && this.#steering.generation === generation) return;
    const { groups } = this.#steering;
    this.#forwarder.send({ type: 'groups', generation: this.#steering.generation, groups });
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
        this.#steer({ type: 'tunnelState', atMs: event.atMs, tunnelId: event.tunnelId, state: event.state });
        this.#events.onTunnels(this.tunnelsUp());
        this.#reportSoon();
        return;
      case 'switched':
        this.#reportSoon();
        return;
      case 'timestamp':
        this.#keepTimestamp(event.uplinkId, event.label);
        return;
      case 'telemetry':
        this.#measure(event);
        this.#events.onTelemetry(event);
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

  #measure({ atMs, tunnels }: Extract<ForwarderEvent, { type: 'telemetry' }>): void {
    const roundTrips = tunnels.flatMap(({ id, roundTripUs }) =>
      roundTripUs === null ? [] : [{ tunnelId: id, roundTripUs }],
    );
    this.#steer({ type: 'measured', atMs, roundTrips });
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
    this.#lastCrash = crashOf(exit, systemClock.wallMs());
    const atMs = systemClock.monotonicMs();
    for (const tunnelId of this.#states.keys()) {
      this.#states.set(tunnelId, 'connecting');
      this.#steer({ type: 'tunnelState', atMs, tunnelId, state: 'connecting' });
    }
    this.#events.onTunnels(this.tunnelsUp());
    this.#events.onNotice('FORWARDER_RESTARTED', tellCrash(this.#lastCrash));
  }
}
