/** `steer`: one event in, the next state and the decisions it led to out. */
import type {
  Decision,
  ObservedTunnel,
  PathGroup,
  SteeredTunnel,
  SteeringConfiguration,
  SteeringEvent,
  SteeringState,
} from './model.ts';
import { rank } from './rank.ts';

export const initialState: SteeringState = { generation: 0, groups: [], observed: {}, ledger: [] };

const unknown: ObservedTunnel = { state: 'connecting', roundTripUs: null };

/**
 * Takes an event in. `configuration` is the whole of what is configured now; events about tunnels it does not name
 * change nothing. The generation grows exactly when a group's order changed.
 */
export function steer(
  state: SteeringState,
  event: SteeringEvent,
  configuration: SteeringConfiguration,
): { readonly state: SteeringState; readonly decisions: readonly Decision[] } {
  const observed = observe(state.observed, event, configuration);
  const generation = state.generation + 1;
  const decisions: Decision[] = [];
  const groups = tunnelsByEdge(configuration.tunnels).map(([edgeId, tunnels]): PathGroup => {
    const present = state.groups.find((group) => group.edgeId === edgeId);
    const candidates = tunnels.map((tunnel) => ({ ...tunnel, ...(observed[tunnel.id] ?? unknown) }));
    const ranking = rank(candidates, present?.tunnelIds ?? [], configuration);
    if (present !== undefined && sameOrder(present.tunnelIds, ranking.tunnelIds)) return present;
    const previous = present?.tunnelIds[0] ?? null;
    const chosen = ranking.reason === 'none up' ? null : ranking.tunnelIds[0]!;
    decisions.push({ atMs: event.atMs, generation, edgeId, chosen, previous, ...pick(ranking) });
    return { edgeId, tunnelIds: ranking.tunnelIds };
  });
  const isChanged = decisions.length > 0 || groups.length !== state.groups.length;
  return {
    decisions,
    state: {
      generation: isChanged ? generation : state.generation,
      groups: isChanged ? groups : state.groups,
      observed,
      ledger: decisions.length > 0 ? [...state.ledger, ...decisions].slice(-configuration.ledgerSize) : state.ledger,
    },
  };
}

const pick = ({ reason, losers }: Pick<Decision, 'reason' | 'losers'>) => ({ reason, losers });

type Observations = SteeringState['observed'];

/** What is known after the event, of configured tunnels only, so that nothing grows. */
function observe(before: Observations, event: SteeringEvent, { tunnels }: SteeringConfiguration): Observations {
  const observed = Object.fromEntries(tunnels.map(({ id }) => [id, before[id] ?? unknown]));
  if (event.type === 'tunnelState') {
    const known = observed[event.tunnelId];
    if (known === undefined) return observed;
    // A round trip measured before the tunnel went down says nothing about the one it comes back with.
    observed[event.tunnelId] = { state: event.state, roundTripUs: event.state === 'up' ? known.roundTripUs : null };
  }
  if (event.type === 'measured') {
    for (const { tunnelId, roundTripUs } of event.roundTrips) {
      const known = observed[tunnelId];
      if (known !== undefined && known.state === 'up') observed[tunnelId] = { ...known, roundTripUs };
    }
  }
  return observed;
}

function tunnelsByEdge(tunnels: readonly SteeredTunnel[]): [string, SteeredTunnel[]][] {
  const byEdge = new Map<string, SteeredTunnel[]>();
  for (const tunnel of tunnels) byEdge.set(tunnel.edgeId, [...(byEdge.get(tunnel.edgeId) ?? []), tunnel]);
  return [...byEdge].sort(([a], [b]) => (a < b ? -1 : 1));
}

function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
