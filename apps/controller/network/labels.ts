/** Tunnels as people call them. */
import type { TunnelPlan } from '@patronus/fabric';
import { tunnelWords } from '@patronus/steering';
import type { Network } from './network.ts';

/** Of the tunnel's uplink at this edge. */
export function labelAt({ uplinks }: Network, { a, b }: TunnelPlan, edgeId: string): string {
  return uplinks.get(a.edgeId === edgeId ? a.uplinkId : b.uplinkId)?.label ?? '?';
}

/** Uplinks' labels at both ends, from this edge's, `lte → internet`; the id of a tunnel that is no more. */
export function tunnelLabel(network: Network, tunnelId: string, edgeId: string): string {
  const plan = network.tunnels.get(tunnelId);
  if (plan === undefined) return tunnelId;
  const remote = plan.a.edgeId === edgeId ? plan.b.edgeId : plan.a.edgeId;
  return tunnelWords(labelAt(network, plan, edgeId), labelAt(network, plan, remote), plan.family);
}
