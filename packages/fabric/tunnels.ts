/**
 * Which tunnels a model wants: every pair of uplinks of two sites that can reach each other.
 * A tunnel's name is the stable pair of uplink ids and the address family outside, whatever keys and addresses change.
 */
import { type Family, parseEndpoint } from '@patronus/net';
import type { Edge, Model, Uplink } from './model.ts';

export interface TunnelPlanEnd {
  readonly siteId: string;
  readonly edgeId: string;
  readonly uplinkId: string;
}

export interface TunnelPlan {
  readonly id: string;
  readonly family: Family;
  /** The end whose uplink id sorts first. */
  readonly a: TunnelPlanEnd;
  readonly b: TunnelPlanEnd;
  /** Sum of both uplinks' costs. */
  readonly cost: number;
}

/** The stable name of the tunnel between two uplinks, the same from both sides. */
export function tunnelId(uplinkId: string, otherUplinkId: string, family: Family): string {
  const [first, second] = uplinkId < otherUplinkId ? [uplinkId, otherUplinkId] : [otherUplinkId, uplinkId];
  return `${first}~${second}~${family}`;
}

/**
 * All tunnels of the model, sorted by id: a full mesh over the uplinks of different sites that share a reachability
 * domain and have reported their keys. Each pair gets the first family (4, then 6) in which either end has a candidate
 * endpoint: one end that can be reached is enough, because the other one then speaks first.
 */
export function tunnelsOf(model: Model): TunnelPlan[] {
  const ends = model.uplinks
    .map((uplink) => ({ uplink, edge: trustedEdgeOf(model, uplink) }))
    .filter((end): end is { uplink: Uplink; edge: Edge } => end.edge !== undefined && end.uplink.publicKey !== null)
    .sort((one, other) => (one.uplink.id < other.uplink.id ? -1 : 1));
  const plans: TunnelPlan[] = [];
  for (const [index, a] of ends.entries()) {
    for (const b of ends.slice(index + 1)) {
      if (a.edge.siteId === b.edge.siteId || a.uplink.domain !== b.uplink.domain) continue;
      const family = commonFamily(a.uplink, b.uplink);
      if (family === undefined) continue;
      plans.push({
        id: tunnelId(a.uplink.id, b.uplink.id, family),
        family,
        a: { siteId: a.edge.siteId, edgeId: a.edge.id, uplinkId: a.uplink.id },
        b: { siteId: b.edge.siteId, edgeId: b.edge.id, uplinkId: b.uplink.id },
        cost: a.uplink.cost + b.uplink.cost,
      });
    }
  }
  return plans.sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
}

/** The candidates of an uplink in one address family, in the order given. */
export function endpointsOf(uplink: Uplink, family: Family): string[] {
  return uplink.endpoints.filter((text) => parseEndpoint(text)?.address.family === family);
}

function trustedEdgeOf(model: Model, uplink: Uplink): Edge | undefined {
  return model.edges.find((edge) => edge.id === uplink.edgeId && edge.isTrusted);
}

function commonFamily(a: Uplink, b: Uplink): Family | undefined {
  for (const family of [4, 6] as const) {
    const haveA = endpointsOf(a, family).length > 0;
    const haveB = endpointsOf(b, family).length > 0;
    if (haveA && haveB) return family;
  }
  for (const family of [4, 6] as const) {
    if (endpointsOf(a, family).length > 0 || endpointsOf(b, family).length > 0) return family;
  }
  return undefined;
}
