/** The answer in words: those of `patronus edge explain` as far as both know the same. */
import type { Flow } from '@patronus/fabric';
import { belongingWords, type ExplainedFlow, flowWords, journeyWords } from '@patronus/steering';
import type { Core } from '../core.ts';
import { meetsSla, slaMisses } from '../edges/sla.ts';
import type { Network, OwnSlaClass, Policy } from '../network/network.ts';
import type { Direction, Explanation, Way } from './explain.ts';
import type { Place } from './flow.ts';
import type { InForce } from './inForce.ts';

type Unworded = Omit<Direction, 'sentence'>;
type Unsaid = Omit<Explanation, 'sentence' | 'unknown'>;

export function nameOf({ address, site, peer }: Place): string {
  if (peer !== undefined) return `${address} (peer ${peer.name} of ${site?.name ?? '?'})`;
  return site === undefined ? `${address} (at no site)` : `${address} (${site.name})`;
}

/** Addresses with where they lie, so that a person need not look them up. */
function explainedFlow({ applications }: Network, flow: Flow, from: Place, to: Place): ExplainedFlow {
  const { protocol, destinationPort, application } = flow;
  return {
    ...{ source: nameOf(from), destination: nameOf(to), protocol: protocol ?? null, port: destinationPort ?? null },
    application: application == null ? null : (applications.get(application)?.name ?? application),
  };
}

/** The whole, there and back. */
export function sentenceOf(network: Network, answer: Unsaid): string {
  const { way, flow, policy, slaClass, treatment, there, back } = answer;
  const explained = explainedFlow(network, flow, there.from, there.to);
  const who = flowWords(explained);
  const because = policy === undefined ? 'it belongs to no policy' : `it belongs to the policy ${policy.name}`;
  switch (way) {
    case 'LOCAL':
      return `${who}: both are in the LANs of ${there.from.site?.name}, so that its packets reach no gateway.`;
    case 'DENIED':
      return `${who}: denied, because ${because}; packets are dropped at both ends.`;
    case 'OUTSIDE':
      return `${who}: no site holds ${there.from.site === undefined ? there.from.address : there.to.address}, and no policy breaks out for it, so that it does not go through the fabric.`;
    case 'BREAKOUT':
      return `${who}: ${because}, so that it leaves at its own site. ${there.sentence}`;
    case 'FABRIC': {
      const wish = { flow: explained, policy: policy?.name ?? null, sla: slaClass ?? null, path: treatment.path };
      return `${belongingWords(wish)}. There: ${there.sentence} Back: ${back.sentence}`;
    }
  }
}

interface Circumstances {
  readonly way: Way;
  readonly slaClass: OwnSlaClass | undefined;
  readonly isNow: boolean;
  readonly nameOf: InForce['nameOf'];
}

/** Which tunnel and why, and whether that now keeps what is asked. */
export function directionSentence(
  core: Core,
  direction: Unworded,
  { way, slaClass, isNow, nameOf: tunnelName }: Circumstances,
): string {
  if (way !== 'FABRIC') return '';
  const { edge, remoteEdge, path, decision, tunnelId, silentLans, from, to } = direction;
  if (edge === undefined) return `${from.site?.name} has no gateway that is enrolled.`;
  if (remoteEdge === undefined) return `${to.site?.name} has no gateway that is enrolled.`;
  if (to.peer !== undefined) return `to the stock peer ${to.peer.name}, over the uplink it joins by.`;
  const words = journeyWords({
    ...{ to: remoteEdge.name, isPast: !isNow, decision: decision?.decision ?? null },
    silentLans: silentLans.map(({ name }) => name),
    tunnelId: path === undefined ? undefined : (path.tunnelIds[0] ?? null),
    // By the clock: a live answer must not change with every second.
    when: decision === undefined ? '' : `at ${new Date(decision.at).toISOString()}`,
    nameOf: (id) => tunnelName(id, edge.id),
  });
  return `from ${edge.name} it ${words}${tunnelId === undefined ? '' : measured(core, tunnelId, slaClass, isNow)}`;
}

/** What is measured says something of now only; a decision has the figures of its own time. */
function measured(core: Core, tunnelId: string, slaClass: OwnSlaClass | undefined, isNow: boolean): string {
  const plan = core.network.current.tunnels.get(tunnelId);
  if (!isNow || slaClass === undefined || plan === undefined) return '';
  const view = core.live.tunnel(plan);
  const verdict = meetsSla(view, slaClass);
  if (verdict === null) return ' That path is not measured yet.';
  const misses = slaMisses(view, slaClass).join(', ');
  return verdict ? ' That path now keeps the bounds.' : ` That path now misses them: ${misses}.`;
}

export function breakoutSentence(
  core: Core,
  { from, to, edge }: Unworded,
  policy: Policy | undefined,
  isNow: boolean,
): string {
  if (from.site === undefined) return `answers come back to ${to.site?.name} by the same uplink.`;
  if (edge === undefined) return `${from.site.name} has no gateway that is enrolled.`;
  const network = core.network.current;
  const labels = policy?.breakoutLabels ?? [];
  const uplinks = [...(network.uplinksOfEdge.get(edge.id) ?? [])].sort((one, other) => one.cost - other.cost);
  const ordered =
    labels.length === 0 ? uplinks : labels.flatMap((label) => uplinks.filter((one) => one.label === label));
  if (!isNow) {
    const order = labels.length === 0 ? uplinks.map(({ label }) => label) : labels;
    return `${edge.name} sent new flows out by the first of ${order.join(', ')} that reached the internet then.`;
  }
  const said = core.live.said(edge.id).breakout;
  if (ordered.length === 0) return `${edge.name} has none of the uplinks it names: packets are dropped.`;
  const states = ordered.map((uplink) => ({ label: uplink.label, state: said.get(uplink.id)?.state ?? 'unknown' }));
  const taken = states.find(({ state }) => state === 'up');
  const list = states.map(({ label, state }) => `${label} ${state}`).join(', ');
  return taken === undefined
    ? `of the uplinks of ${edge.name} none is known to reach the internet (${list}).`
    : `${edge.name} sends new flows out by ${taken.label} (${list}).`;
}

/** What the answer had to leave open. */
export function unknownsOf(answer: Unsaid, isNow: boolean, version: InForce['version']): string[] {
  const { way, considered, there, back } = answer;
  const open = considered
    .filter(({ verdict }) => verdict === 'depends')
    .map(({ policy, why }) => `Policy ${policy.name} is asked earlier and may take it: ${why}.`);
  const directions = way === 'FABRIC' ? [there, back] : [];
  return [
    ...open,
    ...(way === 'LOCAL' || way === 'OUTSIDE'
      ? []
      : [
          'Whether such a flow was seen: flows are known at the gateways only; `patronus edge explain` there shows them. A flow that began before a change keeps its policy.',
        ]),
    ...(isNow ? [] : pastUnknowns(version, way)),
    ...directions
      .filter(({ edge, decision }) => edge !== undefined && decision === undefined)
      .map(
        ({ edge }) =>
          `Why ${edge?.name} goes this way: it told of no decision about it, or that is longer ago than decisions are kept.`,
      ),
  ];
}

function pastUnknowns(version: InForce['version'], way: Way): string[] {
  const policies =
    version === undefined
      ? 'The policies are those of today: no configuration from before that time is kept, only the last 20 of each gateway.'
      : `The policies are those of configuration ${version.words}, given out at ${new Date(version.since).toISOString()}: a gateway that was away then may have gone by an older one. Sites and their LANs are those of today.`;
  return way === 'BREAKOUT' ? [policies, 'Which uplinks reached the internet then is not kept.'] : [policies];
}
