/**
 * Why a flow goes the way it goes: its policy and those that were asked before, what that asks for, the path each way, and
 * the decision that chose it. Says what it does not know rather than guess.
 */
import { type Considered, type Flow, matchPolicy } from '@patronus/fabric';
import type { Core } from '../core.ts';
import { type PathReport, pathKey, type Since } from '../edges/said.ts';
import type { Edge, OwnSlaClass, Policy } from '../network/network.ts';
import type { SharedTreatment } from '../network/treatments.ts';
import type { StoredDecision } from '../store/decisions.ts';
import { flowOf, type Place, placeOf, type Question } from './flow.ts';
import { inForceAt, todays } from './inForce.ts';
import { breakoutSentence, directionSentence, sentenceOf, unknownsOf } from './sentence.ts';

export interface Direction {
  readonly from: Place;
  readonly to: Place;
  /** Gateways that the packets pass; undefined where there is none. */
  readonly edge: Edge | undefined;
  readonly remoteEdge: Edge | undefined;
  /** What the edge said it takes now; only for a question about now. */
  readonly path: (PathReport & Since) | undefined;
  /** The last one before the time of the question. */
  readonly decision: StoredDecision | undefined;
  /** The tunnel that carries it, as far as path or decision say. */
  readonly tunnelId: string | undefined;
  /** Gateways there whose LAN does not answer the first gateway; only for a question about now. */
  readonly silentLans: readonly Edge[];
  readonly sentence: string;
}

/** `FABRIC`: through the tunnels. `LOCAL`: within one LAN. `BREAKOUT`: out at its own site. `OUTSIDE`: no site holds an end. */
export type Way = 'FABRIC' | 'LOCAL' | 'BREAKOUT' | 'DENIED' | 'OUTSIDE';

/** As it was when it was asked. */
export interface ConsideredPolicy extends Omit<Considered, 'policy'> {
  readonly policy: Policy;
}

export interface Explanation {
  readonly at: number;
  readonly flow: Flow;
  readonly way: Way;
  readonly sentence: string;
  readonly policy: Policy | undefined;
  readonly considered: readonly ConsideredPolicy[];
  /** Whether an earlier policy may take it, because something was not said. */
  readonly isCertain: boolean;
  readonly treatment: SharedTreatment;
  readonly slaClass: OwnSlaClass | undefined;
  readonly there: Direction;
  readonly back: Direction;
  readonly unknown: readonly string[];
}

/** Of now by what is in force, of a time in the past by what was, as far as that is kept. */
export async function explain(core: Core, question: Question): Promise<Explanation> {
  const network = core.network.current;
  const flow = flowOf(network, question);
  const at = question.at ?? core.now();
  const isNow = question.at == null;
  const [from, to] = [placeOf(network, flow.segment, flow.source), placeOf(network, flow.segment, flow.destination)];
  const was = isNow ? undefined : await inForceAt(core, [...from.edges, ...to.edges], at);
  const inForce = was ?? todays(network);
  const { policy: matched, considered } = matchPolicy(inForce.model, flow);
  const policy = matched === undefined ? undefined : inForce.policy(matched.id);
  const treatment = inForce.treatment(matched?.id);
  const slaClass = inForce.slaClass(treatment.slaClassId);
  const way = wayOf(from, to, policy);
  const direction = (one: Place, other: Place): Direction => {
    const found = way === 'FABRIC' ? pathBetween(core, one, other, treatment.id, at, isNow) : undefined;
    const known = { from: one, to: other, ...(found ?? nothing(one, other)) };
    const sentence =
      way === 'BREAKOUT'
        ? breakoutSentence(core, known, policy, isNow)
        : directionSentence(core, known, { way, slaClass, isNow, nameOf: inForce.nameOf });
    return { ...known, sentence };
  };
  const [there, back] = [direction(from, to), direction(to, from)];
  const isCertain = !considered.some(({ verdict }) => verdict === 'depends');
  const asked = considered.map((one) => ({ ...one, policy: inForce.policy(one.policy.id)! }));
  const answer = { at, flow, way, policy, considered: asked, isCertain, treatment, slaClass, there, back };
  return { ...answer, sentence: sentenceOf(network, answer), unknown: unknownsOf(answer, isNow, inForce.version) };
}

/** A denial holds wherever the packet comes to a gateway; inside one LAN none sees it. */
function wayOf(from: Place, to: Place, policy: Policy | undefined): Way {
  if (from.site !== undefined && from.site === to.site && from.peer === undefined && to.peer === undefined)
    return 'LOCAL';
  if (from.site === undefined && to.site === undefined) return 'OUTSIDE';
  if (policy?.action === 'deny') return 'DENIED';
  if (policy?.action === 'breakout' && from.site !== undefined && to.site === undefined) return 'BREAKOUT';
  return from.site === undefined || to.site === undefined ? 'OUTSIDE' : 'FABRIC';
}

type Found = Pick<Direction, 'edge' | 'remoteEdge' | 'path' | 'decision' | 'tunnelId' | 'silentLans'>;

function nothing(from: Place, to: Place): Found {
  return {
    ...{ edge: from.edges[0], remoteEdge: to.edges[0] },
    ...{ path: undefined, decision: undefined, tunnelId: undefined, silentLans: [] },
  };
}

/** The first next hop that the edge has a path to, in the order of the routes, but those last whose LAN does not answer. */
function pathBetween(core: Core, from: Place, to: Place, treatment: string, at: number, isNow: boolean): Found {
  const candidates = from.edges.flatMap((edge) => {
    const silentLans = isNow ? to.edges.filter(({ id }) => isLanSilent(core, edge.id, id)) : [];
    const inOrder = to.edges.toSorted((a, b) => Number(silentLans.includes(a)) - Number(silentLans.includes(b)));
    return inOrder.map((remoteEdge): Found => {
      const path = isNow ? core.live.said(edge.id).paths.get(pathKey({ treatment, edgeId: remoteEdge.id })) : undefined;
      const decision = core.telemetry.decisions.last(edge.id, treatment, remoteEdge.id, at);
      const tunnelId = path === undefined ? decision?.decision.chosen[0] : path.tunnelIds[0];
      return { edge, remoteEdge, path, decision, tunnelId, silentLans };
    });
  });
  return candidates.find(({ tunnelId }) => tunnelId !== undefined) ?? candidates[0] ?? nothing(from, to);
}

function isLanSilent({ live }: Core, edgeId: string, remoteEdgeId: string): boolean {
  const said = [...live.said(edgeId).reach.values()];
  return said.some((one) => one.edgeId === remoteEdgeId && one.state === 'down');
}
