/**
 * One edge, whole: identity, channel and configuration above, the data plane below. Everything that happens passes
 * through here in one order; what is decided is decided in the pure parts (trial, verification, steering).
 */
import { randomUUID } from 'node:crypto';
import {
  type ControllerMessage,
  compareVersions,
  type DecisionTelemetry,
  type EdgeMessage,
  formatVersion,
  PING_INTERVAL_MS,
  TELEMETRY_INTERVAL_MS,
} from '@patronus/protocol';
import type { Explanation } from '@patronus/steering';
import { CompilingWhenBusy, systemClock, Tidiness } from '@patronus/system/linux';
import type { Logger } from 'pino';
import { Channel } from './channel/channel.ts';
import { Outbox } from './channel/outbox.ts';
import { ReportBuffer } from './channel/reports.ts';
import { waysTo } from './channel/ways.ts';
import { keepGood, keepRejected, readGood, readRejected } from './configuration/store.ts';
import {
  handleTrial,
  running,
  type TrialEffect,
  type TrialEvent,
  type TrialState,
  trialMs,
} from './configuration/trial.ts';
import { type Verified, verifyConfiguration } from './configuration/verify.ts';
import { DataPlane } from './dataPlane.ts';
import { EdgeError, messageOf } from './errors.ts';
import { type Activity, activityOf, type Telemetry, tellTelemetry } from './forwarder/telemetry.ts';
import type { Identity } from './identity/identity.ts';
import { Renewal } from './identity/renewal.ts';
import { Pulse } from './pulse.ts';
import { keepContinuation, readContinuation } from './state/continuation.ts';
import type { StatePaths } from './state/paths.ts';
import type { Question } from './status/socket.ts';
import { type EdgeStatus, tellStatus } from './status/status.ts';
import { DecisionBox } from './steering/decisions.ts';
import { explainFlow, readFlow } from './steering/explain.ts';
import { softwareVersion } from './version.ts';

export interface EdgeOptions {
  readonly paths: StatePaths;
  readonly identity: Identity;
  readonly log: Logger;
  /** How long a configuration may try to prove itself. */
  readonly trialMs?: number;
}

/**
 * How much slower the pulse of an edge is that has little or nothing to carry. A silent channel is still noticed within 3 s;
 * reports come at every other ping where all of them would say the same.
 */
const slowerBy: Readonly<Record<Activity, { ping: number; report: number }>> = {
  busy: { ping: 1, report: 1 },
  quiet: { ping: 1.5, report: 1.5 },
  silent: { ping: 1.5, report: 3 },
};
/** How often the deadline of a trial is looked at. */
const trialTickMs = 400;
/** Ten minutes of reports at one a second. */
const reportCapacity = 600;
const reportsAtOnce = 50;
/** More than this off, and certificates and logs begin to mislead. */
const tolerableSkewMs = 5 * 60_000;

export class Edge {
  readonly #paths: StatePaths;
  readonly #log: Logger;
  readonly #instanceId = randomUUID();
  readonly #dataPlane: DataPlane;
  readonly #channel: Channel;
  readonly #renewal: Renewal;
  readonly #reports = new ReportBuffer<Telemetry>(reportCapacity);
  readonly #decisions = new DecisionBox((message) => this.#channel.send(message));
  readonly #outbox = new Outbox((message) => this.#channel.send(message));
  #trial: TrialState;
  #telemetryIntervalMs = TELEMETRY_INTERVAL_MS;
  #activity: Activity = 'busy';
  #telemetry: Telemetry | undefined;
  readonly #pulse = new Pulse((error) => this.#log.error({ err: error }, 'unexpected failure'));
  readonly #tidiness = new Tidiness();
  readonly #compiling = new CompilingWhenBusy();
  #trialTimer: NodeJS.Timeout | undefined;

  private constructor(options: EdgeOptions, dataPlane: DataPlane) {
    const { paths, identity, log } = options;
    this.#paths = paths;
    this.#log = log;
    this.#renewal = new Renewal(paths, identity, log);
    this.#trial = {
      trialMs: options.trialMs ?? trialMs,
      good: readGood(paths, identity),
      trial: undefined,
      rejected: readRejected(paths),
    };
    this.#dataPlane = dataPlane;
    this.#channel = new Channel({
      credentials: () => this.#renewal.identity,
      ways: () => waysTo(this.#controllers(), this.#dataPlane.localAddresses()),
      hello: () => this.#hello(),
      keepContinuation: (continuation) => this.#isKept(() => keepContinuation(paths, continuation)),
      onWelcome: (welcome) => this.#guard(() => this.#welcome(welcome)),
      onMessage: (message) => this.#guard(() => this.#receive(message)),
      onDisconnect: () => this.#handle({ type: 'disconnected' }),
      onStatus: (status) => log.debug({ channel: status }, 'controller connection'),
    });
  }

  /** Forwards from the last good configuration before the first connection is tried. Throws a LinuxError. */
  static async start(options: EdgeOptions): Promise<Edge> {
    let edge: Edge | undefined;
    const tell = (work: (edge: Edge) => void) => {
      if (edge !== undefined) work(edge);
    };
    const dataPlane = await DataPlane.start(options.paths, {
      onTunnels: (tunnelsUp) => tell((to) => to.#handle({ type: 'tunnels', tunnelsUp })),
      onUplinks: () => tell((to) => to.#channel.send({ type: 'uplinks', uplinks: to.#dataPlane.uplinkReports() })),
      onTelemetry: (report) => tell((to) => to.#report(report)),
      onTraffic: () => tell((to) => to.#stir()),
      onDecisions: (decisions) => tell((to) => to.#decide(decisions)),
      onNotice: (code, message) => tell((to) => to.#notice(code, message)),
      onWords: (code, message) => options.log.info({ code }, message),
    });
    edge = new Edge(options, dataPlane);
    edge.#begin();
    return edge;
  }

  status(): EdgeStatus {
    return tellStatus({
      identity: this.#renewal.identity,
      trial: this.#trial,
      channel: this.#channel.status,
      dataPlane: this.#dataPlane,
      telemetry: this.#telemetry,
      decisionsWaiting: this.#decisions.length,
      reportsWaiting: this.#reports.length,
      reportsDropped: this.#reports.dropped,
    });
  }

  /** Of its own socket. */
  async answer(question: Question): Promise<string> {
    switch (question.ask) {
      case 'status':
        return JSON.stringify(this.status());
      case 'record':
        return this.#dataPlane.steering.record(question.latestMs).join('\n');
      case 'explain':
        return JSON.stringify(await this.#explain(question));
    }
  }

  async #explain({ from, to, protocol, port }: Extract<Question, { ask: 'explain' }>): Promise<Explanation> {
    const configuration = running(this.#trial)?.configuration;
    if (configuration === undefined) throw new EdgeError('NO_CONFIGURATION', 'nothing is configured yet');
    const asked = readFlow({ from, to, protocol, port });
    const flows = await this.#dataPlane.flows({
      ...{ source: from, destination: to },
      ...(protocol === undefined ? {} : { protocol }),
      ...(port === undefined ? {} : { port }),
    });
    const { ledger, state } = this.#dataPlane.steering;
    const known = { configuration, ledger, unreachable: state.unreachable };
    return explainFlow(asked, flows, known, systemClock.wallMs());
  }

  async stop(): Promise<void> {
    this.#pulse.stop();
    clearInterval(this.#trialTimer);
    this.#channel.stop();
    await this.#dataPlane.stop();
  }

  #begin(): void {
    const good = this.#trial.good;
    try {
      this.#dataPlane.apply(good?.configuration, good?.digest ?? '');
      if (good === undefined) this.#log.info('no configuration yet; asking the controller for the first');
      else
        this.#log.info(
          { version: formatVersion(good.configuration.version) },
          'started from the last good configuration',
        );
    } catch (error) {
      this.#notice('NOT_APPLICABLE', `the last good configuration cannot be applied: ${messageOf(error)}`);
    }
    this.#pulse.every('renew', 60_000, () => this.#renew());
    this.#pulse.every('tidy', 60_000, () => this.#tidiness.tidy());
    this.#beat();
    this.#renew();
    this.#channel.reconnect();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error({ err: error }, 'unexpected failure');
    }
  }

  /** Whether it could be stored; a full disk is told, and stops nothing that forwards. */
  #isKept(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      this.#notice('STATE_NOT_WRITABLE', messageOf(error));
      return false;
    }
  }

  #controllers(): readonly string[] {
    const configured = running(this.#trial)?.configuration.controllers;
    return configured ?? this.#renewal.identity.controllers;
  }

  #hello(): Extract<EdgeMessage, { type: 'hello' }> {
    return {
      type: 'hello',
      protocol: 1,
      edgeId: this.#renewal.identity.edgeId,
      instanceId: this.#instanceId,
      continuation: readContinuation(this.#paths),
      softwareVersion,
      wallMs: systemClock.wallMs(),
      uplinks: this.#dataPlane.uplinkReports(),
      running: running(this.#trial)?.configuration.version ?? null,
    };
  }

  #welcome({ telemetryIntervalMs, wallMs, decisionNumber }: Extract<ControllerMessage, { type: 'welcome' }>): void {
    this.#log.info({ way: this.#channel.status.way }, 'connected to the controller');
    this.#telemetryIntervalMs = Math.max(100, telemetryIntervalMs);
    this.#beat();
    const skewMs = systemClock.wallMs() - wallMs;
    // The controller raises the alarm; here it is for whoever reads this log.
    if (Math.abs(skewMs) > tolerableSkewMs) this.#log.warn({ skewMs }, 'the clock is far off; check NTP');
    this.#outbox.flush();
    if (decisionNumber !== undefined) this.#decisions.recall(this.#dataPlane.steering.ledger.decisions, decisionNumber);
    this.#decisions.flush();
    this.#handle({ type: 'connected', tunnelsUp: this.#dataPlane.tunnelsUp() });
    this.#renewal.connected();
    this.#renew();
  }

  #receive(message: ControllerMessage): void {
    switch (message.type) {
      case 'configuration':
        this.#offer(message);
        return;
      case 'renewed':
        this.#renewal.accept(message.certificate);
        return;
      case 'refused':
        this.#log.warn({ code: message.code, reason: message.reason }, 'the controller refuses this edge');
    }
  }

  #offer({ signed }: Extract<ControllerMessage, { type: 'configuration' }>): void {
    const verdict = verifyConfiguration(signed, this.#renewal.identity);
    if (verdict.ok) {
      this.#handle({ type: 'offered', verified: verdict.value, tunnelsUp: this.#dataPlane.tunnelsUp() });
      return;
    }
    const { code, reason, version } = verdict.error;
    const runs = running(this.#trial)?.configuration.version ?? null;
    this.#say({ type: 'returned', version, running: runs, code, reason });
  }

  #handle(event: TrialEvent): void {
    const { state, effects } = handleTrial(this.#trial, event, systemClock.monotonicMs());
    this.#trial = state;
    this.#tickOnTrial();
    for (const effect of effects) {
      if (!this.#carryOut(effect)) return;
    }
  }

  /** Without a trial there is nothing to wake for. */
  #tickOnTrial(): void {
    if (this.#trial.trial === undefined) {
      clearInterval(this.#trialTimer);
      this.#trialTimer = undefined;
    } else this.#trialTimer ??= setInterval(() => this.#guard(() => this.#handle({ type: 'tick' })), trialTickMs);
  }

  /** False when the configuration could not be applied: then what was to follow is left out. */
  #carryOut(effect: TrialEffect): boolean {
    switch (effect.type) {
      case 'apply':
        return this.#apply(effect.verified);
      case 'reconnect':
        // Not from within the present connection's own event.
        setImmediate(() => this.#channel.reconnect());
        return true;
      case 'keep':
        // What a restart would not find again is not confirmed.
        return this.#isKept(() => keepGood(this.#paths, effect.verified));
      case 'remember':
        this.#isKept(() => keepRejected(this.#paths, effect.rejected));
        return true;
      case 'say':
        this.#say(effect.message);
        return true;
    }
  }

  #apply(verified: Verified | undefined): boolean {
    const configuration = verified?.configuration;
    try {
      this.#dataPlane.apply(configuration, verified?.digest ?? '');
      return true;
    } catch (error) {
      const good = this.#trial.good?.configuration;
      const isGood =
        configuration === undefined || (good && compareVersions(good.version, configuration.version) === 0);
      if (isGood) this.#notice('NOT_APPLICABLE', messageOf(error));
      else this.#handle({ type: 'failed', reason: messageOf(error) });
      return isGood === true;
    }
  }

  #say(message: EdgeMessage): void {
    if (message.type === 'returned') this.#log.warn(message, 'configuration refused or given up');
    else this.#log.info(message, message.type);
    this.#outbox.say(message);
  }

  #notice(code: string, message: string): void {
    this.#log.warn({ code }, message);
    this.#outbox.say({ type: 'notice', code, message, wallMs: systemClock.wallMs() });
  }

  #decide(decisions: readonly DecisionTelemetry[]): void {
    for (const { number, treatment, edgeId, rule, reason } of decisions) {
      this.#log.info({ decision: number, treatment, edge: edgeId, rule }, reason);
    }
    this.#decisions.say(decisions);
  }

  #report(report: Parameters<typeof tellTelemetry>[0]): void {
    const now = { wallMs: systemClock.wallMs(), monotonicMs: systemClock.monotonicMs() };
    const before = this.#telemetry;
    const { capabilities, steering } = this.#dataPlane;
    const told = tellTelemetry(report, now, this.#reports.dropped, capabilities, steering.state.groups);
    this.#telemetry = this.#dataPlane.withOwnFindings(told);
    this.#activity = before === undefined ? 'busy' : activityOf(before, this.#telemetry);
    this.#beat();
    if (!this.#channel.isConnected) {
      this.#reports.add(this.#telemetry);
      return;
    }
    for (const waiting of this.#reports.take(reportsAtOnce)) this.#channel.send(waiting);
    this.#channel.send(this.#telemetry);
  }

  #beat(): void {
    const { ping, report } = slowerBy[this.#activity];
    this.#pulse.every('ping', PING_INTERVAL_MS * ping, () => this.#channel.beat());
    this.#pulse.every('compile', PING_INTERVAL_MS * ping, () => this.#compiling.look());
    this.#pulse.every('report', this.#telemetryIntervalMs * report, () => this.#dataPlane.report());
  }

  /** The first packets after a silence: what they are is told now, not at the next of the seldom reports. */
  #stir(): void {
    if (this.#activity !== 'silent') return;
    this.#activity = 'quiet';
    this.#beat();
    this.#dataPlane.report();
  }

  #renew(): void {
    const ask = (message: EdgeMessage) => this.#channel.send(message);
    const addresses = this.#dataPlane.localAddresses().map(({ address }) => address);
    this.#renewal.check(systemClock.wallMs(), ask, [null, ...addresses]).catch((error: unknown) => {
      this.#notice('RENEWAL_FAILED', messageOf(error));
    });
  }
}
