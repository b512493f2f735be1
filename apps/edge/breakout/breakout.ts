/**
 * Local exit to the internet: which uplinks reach it, which of them each policy's new connections take, and the kernel
 * told so. Nothing is done, sent or asked while no policy wants it.
 */
import type { IpAddress } from '@patronus/net';
import { parseAddress } from '@patronus/net';
import type { Configuration, EdgeMessage } from '@patronus/protocol';
import { uplinkMark } from '../kernel/plan.ts';
import type { UplinkView } from '../kernel/uplinks.ts';
import { type HealthRules, type HealthState, lossOf } from '../probing/health.ts';
import { type Pace, Prober, type Subject } from '../probing/prober.ts';
import { choose, hasWayOut, numberPolicies } from './choice.ts';
import { NameLearning } from './learning.ts';
import { type Choice, internetPolicies, learntElement, namedApplications } from './ruleset.ts';
import { PolicyTable } from './table.ts';

type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;
export type BreakoutTelemetry = NonNullable<Telemetry['breakout']>;
export type PolicyTelemetry = NonNullable<Telemetry['policies']>;

const rules: HealthRules = {
  lostForDown: 3,
  answersForUp: 5,
  leastHoldMs: 1_000,
  mostHoldMs: 300_000,
  calmMs: 60_000,
};
/** Three probes and the last one's timeout: down after 600 ms, and a connection moves within a second. */
const pace: Pace = { intervalMs: 200, calmIntervalMs: 200, leastTimeoutMs: 200, mostTimeoutMs: 2_000 };
const countIntervalMs = 5_000;
const families = [4, 6] as const;

export interface BreakoutEvents {
  onNotice(code: string, message: string): void;
  /** An uplink's state changed: worth a report at once. */
  onChange(): void;
}

export class Breakout {
  readonly #events: BreakoutEvents;
  readonly #table: PolicyTable;
  readonly #prober: Prober;
  readonly #learning: NameLearning;
  #configuration: Configuration | undefined;
  #uplinks: readonly UplinkView[] = [];
  #numbers: Map<string, number> = new Map();
  #countTimer: NodeJS.Timeout | undefined;

  constructor(events: BreakoutEvents) {
    this.#events = events;
    this.#table = new PolicyTable({
      onRepaired: () =>
        events.onNotice(
          'KERNEL_REPAIRED',
          'the table patronus of nftables was changed by another program; it was put back',
        ),
      onRefused: (complaint) => events.onNotice('KERNEL_REFUSED', complaint),
      learnt: () => this.#learning.learnt(),
    });
    this.#learning = new NameLearning(
      (names) => void this.#table.learn(names.map(learntElement)),
      (complaint) => events.onNotice('KERNEL_REFUSED', complaint),
    );
    this.#prober = new Prober(rules, pace, (id, { state }) => this.#changed(id, state));
  }

  /** What is configured and what the kernel says of the uplinks, whenever either changed. */
  follow(configuration: Configuration | undefined, uplinks: readonly UplinkView[]): void {
    this.#configuration = configuration;
    this.#uplinks = uplinks;
    const policies = configuration === undefined ? [] : internetPolicies(configuration);
    this.#numbers = numberPolicies(this.#numbers, policies);
    this.#prober.follow(policies.some(({ action }) => action === 'breakout') ? this.#subjects() : []);
    const applications = new Map((configuration?.applications ?? []).map((one) => [one.id, one]));
    this.#learning.follow(namedApplications(policies, applications));
    this.#decide();
    if (policies.length === 0) {
      clearInterval(this.#countTimer);
      this.#countTimer = undefined;
    } else this.#countTimer ??= setInterval(() => void this.#table.count(), countIntervalMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#countTimer);
    this.#prober.stop();
    this.#learning.stop();
    await this.#table.stop();
  }

  /** One for each uplink that a policy may break out by. */
  telemetry(): BreakoutTelemetry {
    return this.#wantedUplinks().map(({ id }) => {
      const healths = families.flatMap((family) => this.#prober.healthOf(`${id}/${family}`) ?? []);
      // Reached by one family is reached.
      const [best] = healths.toSorted((a, b) => order[a.state] - order[b.state]);
      return {
        uplinkId: id,
        state: this.#stateOf(id),
        roundTripUs: best?.state === 'up' ? best.roundTripUs : null,
        loss: best === undefined ? null : lossOf(best),
      };
    });
  }

  /** What the kernel counted, added to what the forwarder did. */
  countInto(policies: PolicyTelemetry): PolicyTelemetry {
    const { counted } = this.#table;
    if (counted.size === 0 || this.#configuration === undefined) return policies;
    const actions = new Map(internetPolicies(this.#configuration).map(({ id, action }) => [id, action]));
    return policies.map((policy) => {
      const action = policy.id === null ? undefined : actions.get(policy.id);
      if (action === undefined || action === 'allow') return policy;
      const number = this.#numbers.get(policy.id!);
      const flows = counted.get(`flows-${number}.packets`) ?? 0;
      return {
        ...policy,
        flows: (policy.flows ?? 0) + flows,
        deniedPackets: (policy.deniedPackets ?? 0) + (action === 'deny' ? flows : 0),
        sentPackets: policy.sentPackets + (counted.get(`sent-${number}.packets`) ?? 0),
        sentBytes: policy.sentBytes + (counted.get(`sent-${number}.bytes`) ?? 0),
      };
    });
  }

  #wantedUplinks(): UplinkView[] {
    const policies = this.#configuration === undefined ? [] : internetPolicies(this.#configuration);
    const ids = new Set(policies.flatMap(({ breakoutUplinks }) => breakoutUplinks));
    return this.#uplinks.filter(({ id }) => ids.has(id));
  }

  #subjects(): Subject[] {
    return this.#wantedUplinks().flatMap((uplink) =>
      families.flatMap((family): Subject[] => {
        if (!hasWayOut(uplink, family)) return [];
        const targets = this.#targetsOf(uplink, family);
        const socket = { family, device: uplink.interface, mark: uplinkMark(uplink.number) };
        // An interface that came back has another index, which a socket does not follow.
        const id = `${uplink.id}/${family}`;
        return targets.length === 0 ? [] : [{ id, socket, targets, generation: uplink.interfaceIndex }];
      }),
    );
  }

  /** Those that the configuration names, else the gateway; a link without one cannot be asked. */
  #targetsOf({ id, exits }: UplinkView, family: 4 | 6): IpAddress[] {
    const named = this.#configuration?.uplinks.find((uplink) => uplink.id === id)?.probeTargets ?? [];
    const parsed = named.flatMap((text) => parseAddress(text) ?? []).filter((address) => address.family === family);
    const gateway = exits[family]?.gateway;
    return parsed.length > 0 || gateway === undefined ? parsed : [gateway];
  }

  #stateOf(uplinkId: string): HealthState {
    const uplink = this.#uplinks.find(({ id }) => id === uplinkId);
    if (uplink === undefined || !families.some((family) => hasWayOut(uplink, family))) return 'down';
    const states = families.flatMap((family) => this.#prober.healthOf(`${uplinkId}/${family}`)?.state ?? []);
    return states.toSorted((a, b) => order[a] - order[b])[0] ?? 'unknown';
  }

  #changed(subject: string, state: HealthState): void {
    this.#decide();
    const [uplinkId, family] = subject.split('/');
    const label = this.#uplinks.find(({ id }) => id === uplinkId)?.label ?? uplinkId;
    if (state === 'down') {
      const message = `the internet is not reached by uplink ${label} (IPv${family}): new connections that break out avoid it`;
      this.#events.onNotice('BREAKOUT_DOWN', message);
    } else if (this.#toldDown.has(subject)) {
      this.#events.onNotice('BREAKOUT_UP', `the internet is reached by uplink ${label} (IPv${family}) again`);
    }
    if (state === 'down') this.#toldDown.add(subject);
    else this.#toldDown.delete(subject);
    this.#events.onChange();
  }
  readonly #toldDown = new Set<string>();

  #decide(): void {
    const configuration = this.#configuration;
    const policies = configuration === undefined ? [] : internetPolicies(configuration);
    if (configuration === undefined || policies.length === 0) {
      void this.#table.desire(undefined);
      return;
    }
    const stateOf = (uplinkId: string, family: 4 | 6) =>
      this.#prober.healthOf(`${uplinkId}/${family}`)?.state ?? 'unknown';
    const choices = new Map<string, Choice>(
      policies
        .filter(({ action }) => action === 'breakout')
        .map((policy) => [policy.id, choose(policy, configuration, this.#uplinks, stateOf)]),
    );
    void this.#table.desire({ configuration, numbers: this.#numbers, choices, learnt: [] });
  }
}

const order: Readonly<Record<HealthState, number>> = { up: 0, unknown: 1, down: 2 };
