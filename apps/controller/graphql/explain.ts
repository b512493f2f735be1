/** `explain`: why a flow goes the way it goes. */
import { type ConsideredPolicy, type Direction, type Explanation, explain } from '../explain/explain.ts';
import { nameOf } from '../explain/sentence.ts';
import { builder, type GraphContext } from './builder.ts';
import { decisionRef } from './decisions.ts';
import { edgeRef, siteRef, tunnelRef } from './network.ts';
import { pathFrom, pathViewRef } from './paths.ts';
import { policyRef, slaClassRef, treatmentRef } from './treatments.ts';

const way = builder.enumType('Way', {
  description: `FABRIC: through a tunnel. LOCAL: both ends in the LANs of one site. BREAKOUT: out at its own site.
OUTSIDE: an end is at no site.`,
  values: ['FABRIC', 'LOCAL', 'BREAKOUT', 'DENIED', 'OUTSIDE'] as const,
});
const verdict = builder.enumType('PolicyVerdict', {
  description: 'DEPENDS: on something that was not said, such as the source port.',
  values: ['MATCHES', 'DEPENDS', 'DIFFERS'] as const,
});

const consideredRef = builder.objectRef<ConsideredPolicy>('ConsideredPolicy');
consideredRef.implement({
  fields: (t) => ({
    policy: t.field({
      type: policyRef,
      description: 'As it was at the time of the question.',
      resolve: ({ policy }) => policy,
    }),
    verdict: t.field({ type: verdict, resolve: (one) => one.verdict.toUpperCase() as 'MATCHES' }),
    why: t.exposeString('why'),
  }),
});

const directionRef = builder.objectRef<Direction>('ExplainedDirection');
directionRef.implement({
  fields: (t) => ({
    from: t.string({ description: 'Address and site.', resolve: ({ from }) => nameOf(from) }),
    to: t.string({ resolve: ({ to }) => nameOf(to) }),
    fromSite: t.field({ type: siteRef, nullable: true, resolve: ({ from }) => from.site }),
    toSite: t.field({ type: siteRef, nullable: true, resolve: ({ to }) => to.site }),
    edge: t.field({ type: edgeRef, nullable: true, resolve: ({ edge }) => edge }),
    remoteEdge: t.field({ type: edgeRef, nullable: true, resolve: ({ remoteEdge }) => remoteEdge }),
    tunnel: t.field({
      type: tunnelRef,
      nullable: true,
      description: 'That carries it; null: none, not known, or it is no more.',
      resolve: ({ tunnelId }, _, { core }) => core.network.current.tunnels.get(tunnelId ?? ''),
    }),
    path: t.field({
      type: pathViewRef,
      nullable: true,
      description: 'As its edge last said; null for a question about the past.',
      resolve: ({ path, edge }, _, context: GraphContext) =>
        path === undefined || edge === undefined ? null : pathFrom(context, edge.id, path.treatment, path.edgeId),
    }),
    decision: t.field({
      type: decisionRef,
      nullable: true,
      description: 'The last one before the time of the question, with its table of candidates.',
      resolve: ({ decision }) => decision,
    }),
    sentence: t.exposeString('sentence'),
  }),
});

const explanationRef = builder.objectRef<Explanation>('Explanation');
explanationRef.implement({
  fields: (t) => ({
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    way: t.field({ type: way, resolve: (one) => one.way }),
    sentence: t.exposeString('sentence'),
    policy: t.field({
      type: policyRef,
      nullable: true,
      description: 'The first that matches; null: none, so that it is let through by the cheapest path.',
      resolve: ({ policy }) => policy,
    }),
    considered: t.field({
      type: [consideredRef],
      description:
        'The policies that were asked, in order, each with why it matches or not; the one that matches last.',
      resolve: ({ considered }) => considered,
    }),
    isCertain: t.boolean({
      description: 'false: an earlier policy may take it, depending on what was not said; see `unknown`.',
      resolve: ({ isCertain }) => isCertain,
    }),
    treatment: t.field({ type: treatmentRef, resolve: ({ treatment }) => treatment }),
    slaClass: t.field({ type: slaClassRef, nullable: true, resolve: ({ slaClass }) => slaClass }),
    there: t.field({ type: directionRef, resolve: ({ there }) => there }),
    back: t.field({
      type: directionRef,
      description: 'The answers: by the same policy, as a flow keeps the one of its first packet.',
      resolve: ({ back }) => back,
    }),
    unknown: t.stringList({ description: 'What the answer had to leave open.', resolve: ({ unknown }) => unknown }),
  }),
});

export function defineExplain(): void {
  builder.queryFields((t) => ({
    explain: t.field({
      type: explanationRef,
      description:
        'Why a flow from one host to another goes the way it goes, now or at a time in the past, by the policies of that time.',
      args: {
        from: t.arg.string({ required: true }),
        to: t.arg.string({ required: true }),
        protocol: t.arg.string(),
        port: t.arg.int({ description: 'Of the destination.' }),
        sourcePort: t.arg.int(),
        application: t.arg.string({ description: 'Its id or its name.' }),
        dscp: t.arg.int(),
        segment: t.arg.int(),
        at: t.arg({ type: 'DateTime' }),
      },
      resolve: (_, question, { core }) => explain(core, question),
    }),
  }));
}
