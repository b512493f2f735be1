/** The ledger: every change of path that edges told of, with all candidates and why each lost or won. */
import type { DecisionTelemetry } from '@patronus/protocol';
import { tunnelLabel } from '../network/labels.ts';
import type { Network } from '../network/network.ts';
import { treatmentsOf } from '../network/treatments.ts';
import { readDecision, readDecisions, type StoredDecision } from '../services/readDecisions.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { edgeRef, tunnelRef, tunnelState } from './network.ts';
import { DEFAULT_PAGE, decodeCursor, encodeCursor, type Page, type PageArgs, pageLimit } from './page.ts';
import { sortDirection } from './queries.ts';
import { treatmentRef } from './treatments.ts';

type Candidate = DecisionTelemetry['candidates'][number];

interface CandidateView extends Candidate {
  /** Edge that decided. */
  readonly from: string;
}

const states = { up: 'UP', down: 'DOWN', connecting: 'CONNECTING' } as const;

const candidateRef = builder.objectRef<CandidateView>('DecisionCandidate');
candidateRef.implement({
  description: 'A tunnel that could have been taken, as it measured in that moment.',
  fields: (t) => ({
    tunnelId: t.exposeID('tunnelId'),
    tunnel: t.field({
      type: tunnelRef,
      nullable: true,
      description: 'null: it is no more.',
      resolve: ({ tunnelId }, _, { core }) => core.network.current.tunnels.get(tunnelId),
    }),
    label: t.string({
      description: "Uplinks' labels, from the edge that decided to the other end: `lte → internet`.",
      resolve: ({ tunnelId, from }, _, { core }) => tunnelLabel(core.network.current, tunnelId, from),
    }),
    rank: t.exposeInt('rank', { nullable: true, description: '1 is the first; null: not taken into the group.' }),
    state: t.field({ type: tunnelState, resolve: ({ state }) => states[state] }),
    meetsSla: t.exposeBoolean('meetsSla', { nullable: true }),
    roundTripMs: t.float({ nullable: true, resolve: ({ roundTripUs }) => millis(roundTripUs) }),
    lossPercent: t.float({ nullable: true, resolve: ({ loss }) => (loss === null ? null : loss * 100) }),
    jitterMs: t.float({ nullable: true, resolve: ({ jitterUs }) => millis(jitterUs) }),
    mos: t.exposeFloat('mos', { nullable: true }),
    cost: t.exposeFloat('cost'),
    why: t.exposeString('why', { description: 'Why it is not the first; why it is.' }),
  }),
});

function millis(us: number | null): number | null {
  return us === null ? null : us / 1000;
}

export const decisionRef = builder.objectRef<StoredDecision>('Decision');
decisionRef.implement({
  description: 'One change of path, with all that led to it.',
  fields: (t) => ({
    id: t.exposeID('id'),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    edge: t.field({
      type: edgeRef,
      nullable: true,
      description: 'Who decided; null: it is no more.',
      resolve: ({ edgeId }, _, { core }) => core.network.current.edges.get(edgeId),
    }),
    remoteEdge: t.field({
      type: edgeRef,
      nullable: true,
      resolve: ({ decision }, _, { core }) => core.network.current.edges.get(decision.edgeId),
    }),
    number: t.float({
      description: 'Counts the decisions of its edge since that started.',
      resolve: ({ decision }) => decision.number,
    }),
    generation: t.float({ resolve: ({ decision }) => decision.generation }),
    treatmentId: t.id({ resolve: ({ decision }) => decision.treatment }),
    treatment: t.field({
      type: treatmentRef,
      nullable: true,
      description: 'null: no policy asks for it any more.',
      resolve: ({ decision }, _, { core }) => treatmentsOf(core.network.current).get(decision.treatment),
    }),
    rule: t.string({
      description:
        'A stable word: `down`, `none-up`, `silent`, `sla-violated`, `misses-least`, `failback`, `lower-cost`, `preferred-label`, `better`, `drained`, `first-up`, `configured`, `members`, `standby-order`.',
      resolve: ({ decision }) => decision.rule,
    }),
    reason: t.string({ description: 'In a sentence.', resolve: ({ decision }) => decision.reason }),
    chosenTunnelIds: t.idList({ resolve: ({ decision }) => decision.chosen }),
    chosenLabel: t.string({
      nullable: true,
      description: 'The first of the new order, as `label` of a candidate; null: none is up.',
      resolve: ({ decision, edgeId }, _, { core }) => labelOf(core.network.current, decision.chosen[0], edgeId),
    }),
    previousTunnelIds: t.idList({ resolve: ({ decision }) => decision.previous }),
    previousLabel: t.string({
      nullable: true,
      resolve: ({ decision, edgeId }, _, { core }) => labelOf(core.network.current, decision.previous[0], edgeId),
    }),
    candidates: t.field({
      type: [candidateRef],
      resolve: ({ decision, edgeId }) => decision.candidates.map((one) => ({ ...one, from: edgeId })),
    }),
    configurationHash: t.string({
      description: 'SHA-256 of the signed configuration that was in force, hex.',
      resolve: ({ decision }) => decision.configurationHash,
    }),
    configurationVersion: t.string({
      resolve: ({ decision: { configurationVersion: version } }) => `${version.epoch}.${version.sequence}`,
    }),
  }),
});
const connection = connectionOf('DecisionConnection', 'DecisionEdge', decisionRef);

function labelOf(network: Network, tunnelId: string | undefined, edgeId: string): string | null {
  return tunnelId === undefined ? null : tunnelLabel(network, tunnelId, edgeId);
}

const filterInput = builder.inputType('DecisionFilter', {
  description: 'siteId, edgeId: who decided. tunnelId: among the candidates. since, until: both included.',
  fields: (t) => ({
    siteId: t.id(),
    edgeId: t.id(),
    remoteSiteId: t.id(),
    remoteEdgeId: t.id(),
    treatmentId: t.id(),
    tunnelId: t.id(),
    rule: t.string(),
    since: t.field({ type: 'DateTime' }),
    until: t.field({ type: 'DateTime' }),
  }),
});
const sortField = builder.enumType('DecisionSortField', { values: ['AT'] as const });
const sortInput = builder.inputType('DecisionSort', {
  fields: (t) => ({
    field: t.field({ type: sortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'DESCENDING' }),
  }),
});

interface ListArgs extends PageArgs {
  readonly filter?: typeof filterInput.$inferInput | null | undefined;
  readonly sort?: typeof sortInput.$inferInput | null | undefined;
}

function placeOf(cursor: string | null | undefined) {
  if (cursor == null) return undefined;
  const { key, id } = decodeCursor(cursor);
  return { at: Number(key), serial: Number(id) };
}

/** Straight from their table: they outgrow memory. Newest first, unless asked otherwise. */
function listDecisions(args: ListArgs, { core }: GraphContext): Page<StoredDecision> {
  const { filter, sort, first, last } = args;
  const isNewestFirst = sort?.direction !== 'ASCENDING';
  const isBackward = last != null;
  const [after, before] = [placeOf(args.after), placeOf(args.before)];
  const { rows, hasMore, total } = readDecisions(core, filter ?? {}, {
    ...(isNewestFirst ? { olderThan: after, newerThan: before } : { olderThan: before, newerThan: after }),
    from: isNewestFirst === isBackward ? 'oldest' : 'newest',
    limit: pageLimit(last, 'last') ?? pageLimit(first, 'first') ?? DEFAULT_PAGE,
  });
  // The store gives the newest first.
  const nodes = isNewestFirst ? rows : rows.toReversed();
  const edges = nodes.map((node) => ({ node, cursor: encodeCursor(node.at, String(node.serial)) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: isBackward ? before !== undefined : hasMore,
      hasPreviousPage: isBackward ? hasMore : after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: total,
  };
}

export function defineDecisions(): void {
  builder.queryFields((t) => ({
    decisions: t.field({
      type: connection,
      description: 'The newest first. Kept for 30 days, as far as there is room.',
      args: {
        ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
        ...{ filter: t.arg({ type: filterInput }), sort: t.arg({ type: sortInput }) },
      },
      resolve: (_, args, context) => listDecisions(args, context),
    }),
    decision: t.field({
      type: decisionRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { core }) => readDecision(core, id),
    }),
  }));
}
