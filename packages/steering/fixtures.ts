/** Two sites with two uplinks each, and what is said of them, for tests. */
import {
  type Decision,
  type DirectionQuality,
  defaultThresholds,
  initialState,
  type QualityReport,
  type SilenceWitness,
  type SlaBounds,
  type SteeredTreatment,
  type SteeredTunnel,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
  steer,
  type Thresholds,
} from './index.ts';

/** `a~x`: own uplink a, the far one x. */
export function tunnel(id: string, cost = 10, more: Partial<SteeredTunnel> = {}): SteeredTunnel {
  const [own = id, far = 'x'] = id.split('~');
  return {
    ...{
      id,
      cost,
      edgeId: 'london',
      label: own,
      remoteLabel: far,
      uplinkId: own,
      remoteUplinkId: far,
      isDrained: false,
    },
    ...more,
  };
}

export function configurationOf(
  tunnels: readonly SteeredTunnel[],
  treatments: readonly SteeredTreatment[] = [],
  thresholds: Partial<Thresholds> = {},
): SteeringConfiguration {
  return {
    hash: 'abc',
    version: { epoch: 1, sequence: 1 },
    ...{ tunnels, treatments },
    thresholds: { ...defaultThresholds, ...thresholds },
  };
}

export const noBounds: SlaBounds = { roundTripMs: null, jitterMs: null, loss: null, mos: null };

export function voice(
  sla: Partial<SlaBounds>,
  path: SteeredTreatment['path'] = { mode: 'cheapest' },
): SteeredTreatment {
  return { id: 'voice', sla: { ...noBounds, ...sla }, path };
}

export function direction(loss = 0, more: Partial<DirectionQuality> = {}): DirectionQuality {
  return { packets: 250, loss, jitterUs: 1_000, delayChangeUs: 0, ...more };
}

export function report(id: string, roundTripMs: number, outgoing = direction(), incoming = direction()): QualityReport {
  return { id, roundTripUs: roundTripMs * 1_000, outgoing, incoming };
}

/** A state that time and words are put into. */
export class Story {
  readonly decisions: Decision[] = [];
  state: SteeringState = initialState;
  configuration: SteeringConfiguration;
  now = 0;

  constructor(configuration: SteeringConfiguration) {
    this.configuration = configuration;
    this.tell({ type: 'configured', atMs: 0 });
  }

  tell(event: SteeringEvent): readonly Decision[] {
    this.now = Math.max(this.now, event.atMs);
    const step = steer(this.state, event, this.configuration);
    this.state = step.state;
    this.decisions.push(...step.decisions);
    return step.decisions;
  }

  up(...ids: string[]): this {
    for (const tunnelId of ids) this.tell({ type: 'tunnelState', atMs: this.now, tunnelId, state: 'up' });
    return this;
  }

  down(...ids: string[]): this {
    for (const tunnelId of ids) {
      this.tell({ type: 'tunnelState', atMs: this.now, tunnelId, state: 'down', reason: 'silent' });
    }
    return this;
  }

  suspect(tunnelId: string, by: SilenceWitness): this {
    this.tell({ type: 'suspected', atMs: this.now, tunnelId, isSuspected: true, by });
    return this;
  }

  hear(tunnelId: string, by: SilenceWitness): this {
    this.tell({ type: 'suspected', atMs: this.now, tunnelId, isSuspected: false, by });
    return this;
  }

  /** These reports four times a second, for so long. */
  measure(forMs: number, ...tunnels: QualityReport[]): this {
    for (const end = this.now + forMs; this.now < end; ) this.tell({ type: 'measured', atMs: this.now + 250, tunnels });
    return this;
  }

  /** Time goes by; ticks come when they are due. */
  wait(forMs: number): this {
    const end = this.now + forMs;
    for (;;) {
      const due = this.state.groups.map(({ dueMs }) => dueMs).filter((one) => one !== null && one <= end) as number[];
      if (due.length === 0) break;
      this.tell({ type: 'tick', atMs: Math.min(...due) });
    }
    this.tell({ type: 'tick', atMs: end });
    return this;
  }

  configure(configuration: SteeringConfiguration): this {
    this.configuration = configuration;
    this.tell({ type: 'configured', atMs: this.now });
    return this;
  }

  /** What leads; null: nothing is up. */
  lead(treatment = 'default', edgeId = 'london'): string | null {
    return this.group(treatment, edgeId).chosen[0] ?? null;
  }

  group(treatment = 'default', edgeId = 'london') {
    return this.state.groups.find((one) => one.treatment === treatment && one.edgeId === edgeId)!;
  }

  get last(): Decision {
    return this.decisions.at(-1)!;
  }
}
