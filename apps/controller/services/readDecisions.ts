/** The ledger of decisions, straight from its table: it outgrows memory. */
import type { Core } from '../core.ts';
import type { Network } from '../network/network.ts';
import type { DecisionPage, StoredDecision } from '../store/decisions.ts';

export type { StoredDecision };

/** All that is given has to hold. */
export interface DecisionFilter {
  /** Who decided. */
  readonly siteId?: string | null | undefined;
  readonly edgeId?: string | null | undefined;
  /** Where the path leads. */
  readonly remoteSiteId?: string | null | undefined;
  readonly remoteEdgeId?: string | null | undefined;
  readonly treatmentId?: string | null | undefined;
  /** Among the candidates. */
  readonly tunnelId?: string | null | undefined;
  readonly rule?: string | null | undefined;
  /** ms since 1970, both included. */
  readonly since?: number | null | undefined;
  readonly until?: number | null | undefined;
}

/** Part of them, the newest first. */
export function readDecisions(core: Core, filter: DecisionFilter, page: DecisionPage) {
  const network = core.network.current;
  return core.telemetry.decisions.list(
    {
      edgeIds: edgesIn(network, filter.siteId, filter.edgeId),
      remoteEdgeIds: edgesIn(network, filter.remoteSiteId, filter.remoteEdgeId),
      treatment: filter.treatmentId ?? undefined,
      rule: filter.rule ?? undefined,
      tunnelId: filter.tunnelId ?? undefined,
      since: filter.since ?? undefined,
      until: filter.until ?? undefined,
    },
    page,
  );
}

export function readDecision(core: Core, id: string): StoredDecision | undefined {
  return core.telemetry.decisions.get(id);
}

function edgesIn({ edgesOfSite }: Network, siteId?: string | null, edgeId?: string | null): string[] | undefined {
  if (siteId == null) return edgeId == null ? undefined : [edgeId];
  return (edgesOfSite.get(siteId) ?? []).map(({ id }) => id).filter((id) => edgeId == null || id === edgeId);
}
