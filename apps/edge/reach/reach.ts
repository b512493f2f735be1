/**
 * Whether the LANs of other sites are there: a host or router of each is asked for a sign of life through the tunnels,
 * from this edge's own address in the fabric. An edge that is up while its LAN is not answers every tunnel's probe, and
 * still nobody behind it is reached. Of a site with several edges the same host is asked for through each of them: the
 * identifier of the requests tells the forwarder through which.
 */
import { type IpAddress, parseAddress } from '@patronus/net';
import type { Configuration, EdgeMessage } from '@patronus/protocol';
import type { HealthRules, HealthState } from '../probing/health.ts';
import { type Pace, Prober, type Subject } from '../probing/prober.ts';
import { reachIdentifier } from './identifier.ts';

export type ReachTelemetry = NonNullable<Extract<EdgeMessage, { type: 'telemetry' }>['reach']>;

const rules: HealthRules = {
  lostForDown: 3,
  answersForUp: 3,
  leastHoldMs: 1_000,
  mostHoldMs: 300_000,
  calmMs: 60_000,
};
/** A LAN that stops answering is known within 2 + 3 × 0.5 s. */
const pace: Pace = { intervalMs: 500, calmIntervalMs: 2_000, leastTimeoutMs: 500, mostTimeoutMs: 2_000 };

export interface ReachEvents {
  onNotice(code: string, message: string): void;
  /** For steering: whether what lies behind this edge answers. */
  onReach(edgeId: string, state: HealthState): void;
}

export class Reach {
  readonly #events: ReachEvents;
  readonly #prober: Prober;
  readonly #toldDown = new Set<string>();
  #configuration: Configuration | undefined;

  constructor(events: ReachEvents) {
    this.#events = events;
    this.#prober = new Prober(rules, pace, (edgeId, { state }) => this.#changed(edgeId, state));
  }

  /** Only where a tunnel is up: elsewhere silence says nothing about the LAN. */
  follow(configuration: Configuration | undefined, tunnelsUp: ReadonlySet<string>): void {
    this.#configuration = configuration;
    const reachable = new Set(
      configuration?.tunnels.filter(({ id }) => tunnelsUp.has(id)).map(({ remote }) => remote.edgeId),
    );
    const subjects = this.#asked().filter(({ id }) => reachable.has(id));
    const before = this.#asked().filter(({ id }) => this.#prober.healthOf(id) !== undefined);
    this.#prober.follow(subjects);
    for (const { id } of before) if (this.#prober.healthOf(id) === undefined) this.#events.onReach(id, 'unknown');
  }

  telemetry(): ReachTelemetry {
    return (this.#configuration?.edges ?? []).flatMap(({ id, reachProbe }) => {
      if (reachProbe === undefined) return [];
      const health = this.#prober.healthOf(id);
      const roundTripUs = health?.state === 'up' ? health.roundTripUs : null;
      return [{ edgeId: id, address: reachProbe, state: health?.state ?? 'unknown', roundTripUs }];
    });
  }

  stop(): void {
    this.#prober.stop();
  }

  #asked(): Subject[] {
    const source = parseAddress(this.#configuration?.edge.overlayAddress ?? '');
    if (source === undefined) return [];
    return (this.#configuration?.edges ?? []).flatMap(({ id, reachProbe }): Subject[] => {
      const target: IpAddress | undefined = reachProbe === undefined ? undefined : parseAddress(reachProbe);
      // Whoever has no address of the family in the fabric cannot ask.
      if (target === undefined || target.family !== source.family) return [];
      return [
        {
          id,
          socket: { family: source.family, source, identifier: reachIdentifier(this.#configuration!, id) },
          targets: [target],
        },
      ];
    });
  }

  #changed(edgeId: string, state: HealthState): void {
    const edge = this.#configuration?.edges.find(({ id }) => id === edgeId);
    const host = `${edge?.reachProbe} behind ${edgeId}`;
    if (state === 'down') {
      this.#toldDown.add(edgeId);
      this.#events.onNotice(
        'REACH_DOWN',
        `${host} does not answer although a tunnel there is up: look at that site's LAN`,
      );
    } else if (this.#toldDown.delete(edgeId)) this.#events.onNotice('REACH_UP', `${host} answers again`);
    this.#events.onReach(edgeId, state);
  }
}
