/** `steer`: one event in, the next state and the decisions it led to out. */
import { contend } from './candidates.ts';
import { earliest } from './choose.ts';
import { noteArrival } from './damping.ts';
import { arrange } from './group.ts';
import {
  DEFAULT_TREATMENT,
  type Decision,
  type GroupState,
  type SteeredTreatment,
  type SteeredTunnel,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
} from './model.ts';
import { observe, type Plan } from './observe.ts';
import { candidatesOf, reasonOf } from './words.ts';

export interface Step {
  readonly state: SteeringState;
  readonly decisions: readonly Decision[];
}

/**
 * Takes an event in. `configuration` is the whole of what is configured now; announce another one by a `configured`
 * event. Events about tunnels that it does not name change nothing. The generation grows by one exactly when a group
 * changed, and each change but the end of a group is a decision.
 */
export function steer(state: SteeringState, event: SteeringEvent, configuration: SteeringConfiguration): Step {
  const plan = planOf(configuration);
  const atMs = Math.max(state.atMs, event.atMs);
  const { known, touched } = observe(state, event, plan, atMs);
  const generation = state.generation + 1;
  const decisions: Decision[] = [];
  let { uplinks } = known;
  const decide = (
    treatment: SteeredTreatment,
    edgeId: string,
    tunnels: readonly SteeredTunnel[],
    before: GroupState | undefined,
  ): GroupState => {
    const contenders = tunnels.map((tunnel) =>
      contend(tunnel, known.tunnels[tunnel.id]!, treatment, { uplinks }, atMs, plan.thresholds),
    );
    const situation = {
      ...{ contenders, atMs, thresholds: plan.thresholds, isConfigured: event.type === 'configured' },
      previous: before?.tunnelIds ?? [],
      lead: before?.chosen[0] ?? null,
      improvedMs: before?.improvedMs ?? null,
    };
    const { rule, dueMs, ...arrangement } = arrange(situation, treatment.path, before);
    if (rule === null) return dueMs === before?.dueMs ? before! : { ...before!, dueMs };
    const number = state.decisionNumber + decisions.length + 1;
    const facts = { rule, contenders, arrangement, treatment, edgeId, atMs, previous: before?.chosen ?? [] };
    decisions.push({
      ...{ number, atMs, generation, treatment: treatment.id, edgeId },
      ...{ chosen: arrangement.chosen, previous: facts.previous, rule },
      reason: reasonOf(facts),
      candidates: candidatesOf(facts),
      configurationHash: configuration.hash,
      configurationVersion: configuration.version,
    });
    for (const id of arrangement.chosen) {
      if (!facts.previous.includes(id)) uplinks = noteArrival(uplinks, plan.tunnels.get(id)!, atMs, plan.thresholds);
    }
    const isImprovement = rule === 'better' || rule === 'misses-least';
    const improvedMs = isImprovement ? atMs : (before?.improvedMs ?? null);
    return { treatment: treatment.id, edgeId, ...arrangement, changedMs: atMs, improvedMs, dueMs };
  };
  const present = new Map(state.groups.map((group) => [`${group.treatment} ${group.edgeId}`, group]));
  const groups =
    event.type === 'configured'
      ? allGroups(plan).map(({ treatment, edgeId, tunnels }) =>
          decide(treatment, edgeId, tunnels, present.get(`${treatment.id} ${edgeId}`)),
        )
      : state.groups.map((group) => {
          const treatment = plan.treatmentOf.get(group.treatment);
          const tunnels = plan.edges.get(group.edgeId);
          const isDue =
            event.type === 'tick'
              ? group.dueMs !== null && group.dueMs <= atMs
              : touched === 'all' || touched.has(group.edgeId);
          return isDue && treatment !== undefined && tunnels !== undefined
            ? decide(treatment, group.edgeId, tunnels, group)
            : group;
        });
  const isChanged = decisions.length > 0 || groups.length !== state.groups.length;
  return {
    decisions,
    state: {
      atMs,
      generation: isChanged ? generation : state.generation,
      decisionNumber: state.decisionNumber + decisions.length,
      groups: groups.every((group, index) => group === state.groups[index]) && !isChanged ? state.groups : groups,
      tunnels: known.tunnels,
      uplinks,
      unreachable: known.unreachable,
    },
  };
}

/** When a `tick` is wanted, monotonic ms; null: time alone changes nothing. */
export function deadline(state: SteeringState): number | null {
  return earliest(
    state.groups.map(({ dueMs }) => dueMs),
    Number.NEGATIVE_INFINITY,
  );
}

/** Indexes of a configuration; made once for each. */
const plans = new WeakMap<SteeringConfiguration, Plan>();

function planOf(configuration: SteeringConfiguration): Plan {
  const known = plans.get(configuration);
  if (known !== undefined) return known;
  const edges = new Map<string, SteeredTunnel[]>();
  for (const tunnel of configuration.tunnels) {
    const tunnels = edges.get(tunnel.edgeId);
    if (tunnels === undefined) edges.set(tunnel.edgeId, [tunnel]);
    else tunnels.push(tunnel);
  }
  const hasDefault = configuration.treatments.some(({ id }) => id === DEFAULT_TREATMENT.id);
  const treatments = hasDefault ? configuration.treatments : [DEFAULT_TREATMENT, ...configuration.treatments];
  const plan: Plan = {
    tunnels: new Map(configuration.tunnels.map((tunnel) => [tunnel.id, tunnel])),
    treatments,
    treatmentOf: new Map(treatments.map((treatment) => [treatment.id, treatment])),
    edges,
    thresholds: configuration.thresholds,
  };
  plans.set(configuration, plan);
  return plan;
}

function allGroups({ treatments, edges }: Plan) {
  const sorted = [...edges].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...treatments]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((treatment) => sorted.map(([edgeId, tunnels]) => ({ treatment, edgeId, tunnels })));
}
