/**
 * One edge, whole: identity, channel and configuration above, the data plane below. Everything that happens passes
 * through here in one order; what is decided is decided in the pure parts (trial, verification, steering).
 */
import { randomUUID } from 'node:crypto';
import {
  type ControllerMessage,
  compareVersions,
  type EdgeMessage,
  formatVersion,
  TELEMETRY_INTERVAL_MS,
} from '@patronus/protocol';
import { systemClock } from '@patronus/system/linux';
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
import { verifyConfiguration } from './configuration/verify.ts';
import { DataPlane } from './dataPlane.ts';
import { messageOf } from './errors.ts';
import { type Telemetry, tellTelemetry } from './forwarder/telemetry.ts';
import type { Identity } from './identity/identity.ts';
import { Renewal } from './identity/renewal.ts';
import { watchIntervalMs } from './kernel/reconcile.ts';
import { keepContinuation, readContinuation } from './state/continuation.ts';
import type { StatePaths } from './state/paths.ts';
import { type EdgeStatus, tellStatus } from './status/status.ts';
import { softwareVersion } from './version.ts';

export interface EdgeOptions {
  readonly paths: StatePaths;
  readonly identity: Identity;
  readonly log: Logger;
  /** How long a configuration may try to prove itself. */
  readonly trialMs?: number;
}

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
  readonly #outbox = new Outbox((message) => this.#channel.send(message));
  #trial: TrialState;
  #telemetry: Telemetry | undefined;
  #telemetryTimer: NodeJS.Timeout | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

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
      onNotice: (code, message) => tell((to) => to.#notice(code, message)),
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
      reportsWaiting: this.#reports.length,
      reportsDropped: this.#reports.dropped,
    });
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearInterval(this.#telemetryTimer);
    this.#channel.stop();
    await this.#dataPlane.stop();
  }

  #begin(): void {
    const good = this.#trial.good;
    try {
      this.#dataPlane.apply(good?.configuration);
      if (good === undefined) this.#log.info('no configuration yet; asking the controller for the first');
      else
        this.#log.info(
          { version: formatVersion(good.configuration.version) },
          'started from the last good configuration',
        );
    } catch (error) {
      this.#notice('NOT_APPLICABLE', `the last good configuration cannot be applied: ${messageOf(error)}`);
    }
    this.#every(watchIntervalMs, () => {
      this.#dataPlane.watch();
      this.#handle({ type: 'tick' });
    });
    this.#every(60_000, () => this.#renew());
    this.#setTelemetryInterval(TELEMETRY_INTERVAL_MS);
    this.#renew();
    this.#channel.reconnect();
  }

  /** A failure in one turn is told and does not stop the next. */
  #every(intervalMs: number, work: () => void): void {
    this.#timers.push(setInterval(() => this.#guard(work), intervalMs));
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

  #welcome({ telemetryIntervalMs, wallMs }: Extract<ControllerMessage, { type: 'welcome' }>): void {
    this.#log.info({ way: this.#channel.status.way }, 'connected to the controller');
    this.#setTelemetryInterval(telemetryIntervalMs);
    const skewMs = systemClock.wallMs() - wallMs;
    // The controller raises the alarm; here it is for whoever reads this log.
    if (Math.abs(skewMs) > tolerableSkewMs) this.#log.warn({ skewMs }, 'the clock is far off; check NTP');
    this.#outbox.flush();
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
    for (const effect of effects) {
      if (!this.#carryOut(effect)) return;
    }
  }

  /** False when the configuration could not be applied: then what was to follow is left out. */
  #carryOut(effect: TrialEffect): boolean {
    switch (effect.type) {
      case 'apply':
        return this.#apply(effect.verified?.configuration);
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

  #apply(configuration: Parameters<DataPlane['apply']>[0]): boolean {
    try {
      this.#dataPlane.apply(configuration);
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

  #report(report: Parameters<typeof tellTelemetry>[0]): void {
    const now = { wallMs: systemClock.wallMs(), monotonicMs: systemClock.monotonicMs() };
    this.#telemetry = tellTelemetry(report, now, this.#reports.dropped, this.#dataPlane.capabilities);
    if (!this.#channel.isConnected) {
      this.#reports.add(this.#telemetry);
      return;
    }
    for (const waiting of this.#reports.take(reportsAtOnce)) this.#channel.send(waiting);
    this.#channel.send(this.#telemetry);
  }

  #setTelemetryInterval(intervalMs: number): void {
    clearInterval(this.#telemetryTimer);
    this.#telemetryTimer = setInterval(() => this.#dataPlane.report(), Math.max(100, intervalMs));
  }

  #renew(): void {
    const ask = (message: EdgeMessage) => this.#channel.send(message);
    const addresses = this.#dataPlane.localAddresses().map(({ address }) => address);
    this.#renewal.check(systemClock.wallMs(), ask, [null, ...addresses]).catch((error: unknown) => {
      this.#notice('RENEWAL_FAILED', messageOf(error));
    });
  }
}
