/**
 * A whole speaker as one calculation: sessions with all neighbours, one RIB, policies. Bytes, connections and the time come
 * in; effects (effects.ts) and changes of routes go out. It does no I/O and reads no clock.
 *
 * The owner
 * - gives what happens (`accepted`, `connected`, `received`, `sent`, `closed`, `tick` when `deadline` has come), then takes
 *   `effects()` and carries them out in their order;
 * - calls `work` while there `isWork`: what has changed is told to neighbours, so much at a time, so that timers run in
 *   between; a neighbour that does not read gets no more than what fits into a window, the rest waits in the RIB's tables;
 * - takes `changes` of best routes for a forwarding table, when it wants to.
 */
import { formatAddress, type IpAddress } from '@patronus/net';
import { familyName } from '../codec/families.ts';
import type { Received } from '../rib/received.ts';
import type { ConnectionId, SessionEffect, SessionInput } from '../session/effects.ts';
import type { NegotiatedSession } from '../session/negotiation.ts';
import { Session } from '../session/session.ts';
import { isDynamic, type NeighbourConfiguration, type SpeakerConfiguration } from './configuration.ts';
import { Deferral } from './deferral.ts';
import { type NeighbourChange, planOf, type Reconfigured } from './difference.ts';
import type { SpeakerEffect } from './effects.ts';
import type { SpeakerMonitor } from './monitor.ts';
import { Neighbour } from './neighbour.ts';
import { neighbourReport, summaryReport } from './neighbourReport.ts';
import { Neighbours } from './neighbours.ts';
import type { NeighbourReport, SummaryReport } from './reports.ts';
import { type RouteChange, type RoutesOptions, SpeakerRoutes } from './routes.ts';

export interface SpeakerOptions extends RoutesOptions {
  readonly configuration: SpeakerConfiguration;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly monitor?: SpeakerMonitor;
}

/** Bytes of updates that one neighbour gets in one turn. */
const TURN_BYTES = 64 * 1_024;

export class Speaker {
  readonly routes: SpeakerRoutes;
  readonly #random: () => number;
  readonly #monitor: SpeakerMonitor | undefined;
  readonly #neighbours = new Neighbours();
  readonly #deferral = new Deferral();
  #configuration: SpeakerConfiguration;
  #effects: SpeakerEffect[] = [];
  #lastConnection = 0;

  constructor(options: SpeakerOptions) {
    const { configuration, random } = options;
    this.#configuration = configuration;
    this.#random = random;
    this.#monitor = options.monitor;
    this.routes = new SpeakerRoutes(options);
    this.#neighbours.setRanges(configuration.neighbours);
    for (const neighbour of configuration.neighbours) if (!isDynamic(neighbour)) this.#addListed(neighbour);
  }

  get configuration(): SpeakerConfiguration {
    return this.#configuration;
  }

  get neighbours(): Iterable<Neighbour> {
    return this.#neighbours.all;
  }

  /** By name or address. */
  neighbour(nameOrAddress: string): Neighbour | undefined {
    return this.#neighbours.find(nameOrAddress);
  }

  /**
   * Becomes another one with the least that it takes (difference.ts): neighbours come, go, or are reset with Cease 6/6,
   * the others do not notice; what other policies let pass follows in `work`.
   */
  reconfigure(configuration: SpeakerConfiguration, nowMs: number): Reconfigured {
    const before = this.#configuration;
    this.#configuration = configuration;
    this.routes.reconfigure(configuration);
    this.#neighbours.setRanges(configuration.neighbours);
    const present = this.#neighbours.list();
    const plan = planOf(before, configuration, present, ({ address }) => this.#neighbours.admit(address));
    for (const neighbour of plan.removed) this.#deconfigure(neighbour, nowMs);
    for (const change of plan.changed) this.#change(change, nowMs);
    for (const one of plan.added) {
      const neighbour = this.#addListed(one);
      if (!neighbour.isDisabled) this.#give(neighbour, { kind: 'start', isAutomatic: true }, nowMs);
    }
    const namesOf = (changes: readonly NeighbourChange[]) => changes.map(({ neighbour }) => neighbour.name);
    return {
      added: plan.added.map(({ name }) => name),
      removed: plan.removed.map(({ name }) => name),
      reset: namesOf(plan.changed.filter(({ reset }) => reset === 'always')),
      rerouted: namesOf(plan.changed.filter(({ reset, isRerouted }) => reset !== 'always' && isRerouted)),
    };
  }

  /** When `tick` is due, ms; Infinity: never. */
  get deadline(): number {
    let earliest = this.#deferral.deadline;
    for (const { session } of this.#neighbours.all) earliest = Math.min(earliest, session.deadline);
    return earliest;
  }

  /** What has to be done since the last time it was asked, in this order. */
  effects(): readonly SpeakerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** All neighbours that are not disabled, and routes of our own. */
  start(nowMs: number): void {
    for (const neighbour of this.#neighbours.all) {
      if (!neighbour.isDisabled) this.#give(neighbour, { kind: 'start', isAutomatic: true }, nowMs);
    }
  }

  /** We have restarted, and forwarding went on: until then at the latest nothing is told, and no change is (deferral.ts). */
  defer(untilMs: number): void {
    this.#deferral.begin(untilMs);
  }

  get isDeferring(): boolean {
    return this.#deferral.goesOn(this.#neighbours.all);
  }

  /** All sessions end with a word. */
  stop(reason: string | undefined, nowMs: number): void {
    for (const neighbour of this.#neighbours.all) this.#give(neighbour, stopOf(reason), nowMs);
  }

  tick(nowMs: number): void {
    this.#deferral.tick(nowMs);
    for (const neighbour of this.#neighbours.list()) {
      if (neighbour.session.deadline <= nowMs) this.#give(neighbour, { kind: 'tick' }, nowMs);
    }
  }

  accepted(connection: ConnectionId, remote: IpAddress, local: IpAddress, nowMs: number): void {
    const neighbour = this.#recognize(remote, nowMs);
    if (typeof neighbour === 'string') {
      this.#effects.push({ kind: 'refused', remote, reason: neighbour }, { kind: 'close', connection });
      return;
    }
    this.#neighbours.connect(connection, neighbour);
    neighbour.locals.set(connection, local);
    this.#effects.push({ kind: 'recognized', connection, neighbour: neighbour.configuration });
    this.#give(neighbour, { kind: 'accepted', connection }, nowMs);
  }

  connected(connection: ConnectionId, local: IpAddress, nowMs: number): void {
    this.#neighbours.of(connection)?.locals.set(connection, local);
    this.#giveTo(connection, { kind: 'connected', connection }, nowMs);
  }

  received(connection: ConnectionId, bytes: Uint8Array, nowMs: number): void {
    this.#giveTo(connection, { kind: 'bytes', connection, bytes }, nowMs);
  }

  sent(connection: ConnectionId, waitingBytes: number, nowMs: number): void {
    this.#neighbours.of(connection)?.waiting.set(connection, waitingBytes);
    this.#giveTo(connection, { kind: 'sent', connection, waitingBytes }, nowMs);
  }

  closed(connection: ConnectionId, reason: string, nowMs: number): void {
    this.#giveTo(connection, { kind: 'closed', connection, ...(reason === '' ? {} : { reason }) }, nowMs);
    this.#neighbours.disconnect(connection);
  }

  /** A person wants it down until further notice, or up again. */
  shutdown(neighbour: Neighbour, reason: string | undefined, nowMs: number): void {
    neighbour.isDisabled = true;
    this.#give(neighbour, stopOf(reason), nowMs);
  }

  enable(neighbour: Neighbour, nowMs: number): void {
    neighbour.isDisabled = false;
    this.#give(neighbour, { kind: 'start' }, nowMs);
  }

  /** Down and up again. */
  clear(neighbour: Neighbour, reason: string | undefined, nowMs: number): void {
    this.#restart(neighbour, { kind: 'reset', ...(reason === undefined ? {} : { reason }) }, nowMs);
  }

  /** Asks for its routes again; false: it cannot. */
  refreshIn(neighbour: Neighbour, nowMs: number): boolean {
    const { negotiated } = neighbour.session;
    if (negotiated?.hasRouteRefresh !== true) return false;
    for (const family of negotiated.families) {
      this.#give(neighbour, { kind: 'sendRefresh', family, refresh: 'request' }, nowMs);
    }
    return true;
  }

  /** Tells it everything again. */
  refreshOut(neighbour: Neighbour): void {
    for (const family of neighbour.session.negotiated?.families ?? []) this.routes.tellAgain(neighbour, family);
  }

  bfdDown(neighbour: Neighbour, nowMs: number): void {
    this.#give(neighbour, { kind: 'bfdDown' }, nowMs);
  }

  /** There is something that `work` could do now. */
  get isWork(): boolean {
    if (this.routes.hasWork) return true;
    if (this.isDeferring) return false;
    for (const neighbour of this.#neighbours.all) {
      if (!neighbour.isCongested && this.routes.hasUpdates(neighbour)) return true;
    }
    return false;
  }

  /** Some of what the RIB has put off, then updates for each neighbour that reads. */
  work(nowMs: number): void {
    if (this.routes.hasWork) this.routes.work();
    if (this.isDeferring) return;
    for (const neighbour of this.#neighbours.list()) {
      if (neighbour.isCongested || !this.routes.hasUpdates(neighbour)) continue;
      const bytes = this.routes.nextUpdates(neighbour, TURN_BYTES);
      if (bytes.length === 0) continue;
      const connection = neighbour.session.connection!;
      neighbour.waiting.set(connection, (neighbour.waiting.get(connection) ?? 0) + bytes.length);
      this.#give(neighbour, { kind: 'sendUpdates', bytes }, nowMs);
    }
  }

  /** Changes of best routes since the last time, at most so many. */
  changes(most: number): readonly RouteChange[] {
    return this.isDeferring ? [] : this.routes.changes(most);
  }

  neighbourReport(neighbour: Neighbour, nowMs: number): NeighbourReport {
    return neighbourReport(neighbour, this.routes, nowMs);
  }

  *neighbourReports(nowMs: number): Generator<NeighbourReport> {
    for (const neighbour of this.#neighbours.all) yield this.neighbourReport(neighbour, nowMs);
  }

  summary(): SummaryReport {
    return summaryReport(this.#configuration, this.#neighbours.list(), this.routes);
  }

  #recognize(remote: IpAddress, nowMs: number): Neighbour | string {
    const known = this.#neighbours.at(remote);
    if (known !== undefined) return known;
    const admission = this.#neighbours.admit(remote);
    if (admission.kind === 'unknown') return 'it is no neighbour of ours';
    if (admission.kind === 'full') return `there are ${admission.most} neighbours from its range already`;
    const name = formatAddress(remote);
    const neighbour = this.#add(admission.template, { name, address: remote, isDynamic: true });
    this.#give(neighbour, { kind: 'start', isAutomatic: true }, nowMs);
    return neighbour;
  }

  #add(
    configuration: NeighbourConfiguration,
    identity: { readonly name: string; readonly address: IpAddress; readonly isDynamic: boolean },
  ): Neighbour {
    const session: Session = new Session({
      configuration: configuration.session,
      random: this.#random,
      newConnection: () => ++this.#lastConnection,
      updates: {
        update: (body, negotiated) => this.#take(neighbour, body, negotiated),
        prefixes: (family) => this.routes.received(neighbour, family),
      },
    });
    const neighbour = new Neighbour(configuration, identity, session);
    this.#neighbours.add(neighbour);
    return neighbour;
  }

  #take(neighbour: Neighbour, body: Uint8Array, negotiated: NegotiatedSession): Received {
    const received = this.routes.receive(neighbour, body, negotiated);
    if (received === undefined || !('code' in received)) this.#monitor?.update(neighbour, body, negotiated);
    return received;
  }

  #addListed(configuration: NeighbourConfiguration): Neighbour {
    const { name, address } = configuration;
    return this.#add(configuration, { name, address: address as IpAddress, isDynamic: false });
  }

  /** It is nobody of ours any more: Cease 6/3, and nothing of it stays. */
  #deconfigure(neighbour: Neighbour, nowMs: number): void {
    this.#give(neighbour, { kind: 'stop', isDeconfigured: true }, nowMs);
    this.#neighbours.remove(neighbour);
    this.routes.forget(neighbour);
  }

  #change({ neighbour, configuration, reset, isRerouted }: NeighbourChange, nowMs: number): void {
    const { session, configuration: before } = neighbour;
    neighbour.configuration = configuration;
    session.configuration = configuration.session;
    const isDisabled = configuration.isDisabled === true;
    if (isDisabled !== (before.isDisabled === true)) {
      if (isDisabled) this.shutdown(neighbour, undefined, nowMs);
      else this.enable(neighbour, nowMs);
    } else if (reset === 'always' || (reset === 'unlessEstablished' && session.state !== 'Established')) {
      this.#restart(neighbour, { kind: 'reset', isConfigurationChange: true }, nowMs);
    }
    // What is kept of it, over its restart too, is judged as it will be when it is back.
    if (isRerouted) this.routes.reroute(neighbour);
  }

  #restart(neighbour: Neighbour, reset: SessionInput, nowMs: number): void {
    this.#give(neighbour, reset, nowMs);
    if (neighbour.session.state !== 'Idle' || neighbour.isDisabled || !this.#neighbours.has(neighbour)) return;
    this.#give(neighbour, { kind: 'start' }, nowMs);
  }

  #giveTo(connection: ConnectionId, input: SessionInput, nowMs: number): void {
    const neighbour = this.#neighbours.of(connection);
    if (neighbour !== undefined) this.#give(neighbour, input, nowMs);
  }

  /** An UPDATE may mean something only after the effects of what came before it: the session waits for them with the rest. */
  #give(neighbour: Neighbour, input: SessionInput, nowMs: number): void {
    const { session } = neighbour;
    for (const effect of session.handle(input, nowMs)) this.#carryOut(neighbour, effect);
    while (session.deadline === Number.NEGATIVE_INFINITY) {
      for (const effect of session.handle({ kind: 'tick' }, nowMs)) this.#carryOut(neighbour, effect);
    }
  }

  #carryOut(neighbour: Neighbour, effect: SessionEffect): void {
    const { name } = neighbour;
    switch (effect.kind) {
      case 'connect':
        this.#neighbours.connect(effect.connection, neighbour);
        this.#effects.push({ ...effect, remote: neighbour.address, neighbour: neighbour.configuration });
        return;
      case 'send':
        this.#effects.push(effect);
        return;
      case 'close':
        this.#effects.push(effect);
        this.#neighbours.disconnect(effect.connection);
        return;
      case 'state':
        this.#effects.push({ kind: 'state', neighbour: name, from: effect.from, to: effect.to });
        if (effect.to === 'Idle' && neighbour.isDynamic) this.#release(neighbour);
        return;
      case 'established':
        this.routes.established(neighbour, effect.negotiated, neighbour.locals.get(effect.connection)!);
        neighbour.opens = effect;
        neighbour.endsOfRib.clear();
        this.#monitor?.established(neighbour);
        return;
      case 'down':
        this.#monitor?.down(neighbour, effect.reason);
        this.routes.down(neighbour, effect.retained);
        this.#effects.push({ kind: 'down', neighbour: name, reason: effect.reason.text });
        return;
      case 'failed':
        this.#effects.push({ kind: 'failed', neighbour: name, reason: effect.reason.text });
        return;
      case 'sweep':
        this.routes.sweep(neighbour, effect.family);
        return;
      case 'longLivedStale':
        this.routes.longLivedStale(neighbour, effect.family);
        return;
      case 'refresh':
        this.routes.refreshed(neighbour, effect.family, effect.refresh);
        return;
      case 'prefixWarning':
        this.#effects.push({ ...effect, neighbour: name, family: familyName(effect.family) });
        return;
      case 'endOfRib':
        // What is stale goes when the session says `sweep`.
        neighbour.endsOfRib.add(effect.family);
        return;
      case 'update':
        // Never: this speaker reads UPDATEs itself.
        return;
    }
  }

  /** Of a neighbour that nobody listed nothing stays but routes that are kept over its restart. */
  #release(neighbour: Neighbour): void {
    if (neighbour.session.staleFamilies.length > 0) return;
    this.#neighbours.remove(neighbour);
    this.routes.forget(neighbour);
  }
}

function stopOf(reason: string | undefined): SessionInput {
  return { kind: 'stop', ...(reason === undefined ? {} : { reason }) };
}
