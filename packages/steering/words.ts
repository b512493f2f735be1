/** A decision in words: one sentence for all of it, one for each candidate. */
import { type Contender, isUnsteady } from './candidates.ts';
import { tunnelWords } from './explain.ts';
import type { Arrangement } from './group.ts';
import type { Candidate, Rule, SteeredTreatment } from './model.ts';
import { milliseconds, percent } from './sla.ts';

export interface Facts {
  readonly rule: Rule;
  readonly contenders: readonly Contender[];
  readonly arrangement: Pick<Arrangement, 'tunnelIds' | 'chosen'>;
  readonly treatment: SteeredTreatment;
  readonly edgeId: string;
  readonly atMs: number;
  readonly previous: readonly string[];
}

/** Most of a name that a sentence repeats: labels are a person's. */
const LONGEST_NAME = 40;

/** At most 500 characters. */
export function reasonOf(facts: Facts): string {
  return sentence(facts).slice(0, 500);
}

function sentence({ rule, contenders, arrangement, treatment, previous, atMs }: Facts): string {
  const find = (id: string | undefined) => contenders.find(({ tunnel }) => tunnel.id === id);
  const [lead, ...beside] = arrangement.chosen.map((id) => find(id)!);
  const left = find(previous[0]);
  if (lead === undefined) {
    const why =
      rule === 'none-up' && left !== undefined
        ? `${name(left)} ${stateOf(left)}, and no other is up`
        : 'no path is up yet';
    return `Nothing can be sent: ${why}.`;
  }
  const apart = contenders.some((one) => one.isUp && one.suspicion > lead.suspicion)
    ? ' of those apart from what failed'
    : '';
  const taken = `${name(lead)} ${strengthOf(lead, treatment)}${apart}`;
  switch (rule) {
    case 'configured':
      return left === undefined || left === lead
        ? `Configured: ${taken}.`
        : `Configured anew: ${taken}, instead of ${name(left)}.`;
    case 'first-up':
      return `${name(lead)} is the first to be up${beside.length > 0 ? `, with ${beside.map(name).join(' and ')}` : ''}.`;
    case 'down':
      return `${left === undefined ? 'What was used' : name(left)} ${left === undefined ? 'is gone' : stateOf(left)}; ${taken}.`;
    case 'silent':
      return `${name(left!)} ${silenceOf(left!)}; ${taken}.`;
    case 'drained':
      return `${left === undefined ? 'What was used' : name(left)} is being taken out of service; ${taken}.`;
    case 'sla-violated':
      return `${name(left!)} ${left!.violation}; ${name(lead)} keeps the bounds${figuresOf(lead)}.`;
    case 'misses-least':
      return `No path keeps the bounds: ${name(left!)} ${left!.violation}; ${name(lead)} ${lead.violation ?? 'is closer to them'}, which is closer.`;
    case 'failback':
      return `Back to ${name(lead)}, which was sound for ${seconds(atMs - lead.soundSinceMs)} after ${lead.level} ${lead.level === 1 ? 'failure' : 'failures'}: ${preferenceWords(lead, left, treatment)}.`;
    case 'lower-cost':
    case 'preferred-label':
      return `${name(lead)} is up and preferred to ${name(left!)}: ${preferenceWords(lead, left, treatment)}.`;
    case 'better':
      return `${name(lead)} measures better than ${name(left!)} by ${gain(left!, lead)}${figuresOf(lead)} against${figuresOf(left!).replace(/^,/, '')}.`;
    case 'members':
      return beside.length === 0
        ? `${name(lead)} alone: no other path is fit to go beside it.`
        : `${name(lead)} with ${beside.map(name).join(' and ')} beside it.`;
    default:
      return `${name(lead)} stays; those that stand by changed their order.`;
  }
}

function preferenceWords(lead: Contender, left: Contender | undefined, { path }: SteeredTreatment): string {
  if (left === undefined) return 'it is preferred';
  if (path.mode === 'ordered' && lead.tunnel.label !== left.tunnel.label) {
    return `label ${short(lead.tunnel.label)} comes before ${short(left.tunnel.label)}`;
  }
  if (path.mode === 'balance') return 'it has the greater weight';
  return lead.preference < left.preference
    ? `cost ${lead.tunnel.cost} against ${left.tunnel.cost}`
    : 'it measures better';
}

/** One for each tunnel of the group, in its order. */
export function candidatesOf(facts: Facts): Candidate[] {
  const { contenders, arrangement, treatment, atMs } = facts;
  const lead = contenders.find(({ tunnel }) => tunnel.id === arrangement.chosen[0]);
  return arrangement.tunnelIds.map((tunnelId, index) => {
    const one = contenders.find(({ tunnel }) => tunnel.id === tunnelId)!;
    const { roundTripUs, jitterUs, loss, mos } = one.measures;
    const isMeasured = roundTripUs !== null || loss !== null;
    const meetsSla = treatment.sla === null || !isMeasured ? null : one.violation === null;
    return {
      ...{ tunnelId, rank: index + 1, state: one.observed.state, meetsSla, roundTripUs, loss, jitterUs },
      mos: mos === null ? null : Math.round(mos * 100) / 100,
      cost: one.tunnel.cost,
      why: why(one, lead, facts, atMs).slice(0, 300),
    };
  });
}

function why(
  one: Contender,
  lead: Contender | undefined,
  { arrangement, treatment, rule }: Facts,
  atMs: number,
): string {
  if (!one.isUp) return stateOf(one);
  if (lead === undefined) return 'up';
  if (one.isSilent) return one === lead ? `${silenceOf(one)}, and no other is heard` : silenceOf(one);
  if (one === lead) return rule === 'standby-order' || rule === 'members' ? 'stays' : strengthOf(one, treatment);
  if (arrangement.chosen.includes(one.tunnel.id)) return 'used beside the first';
  if (one.isDrained && !lead.isDrained) return 'is being taken out of service';
  if (one.violation !== null) return one.violation;
  if (one.suspicion > 0) return 'shares an uplink with what just failed';
  if (isUnsteady(one, atMs)) {
    return `failed ${one.level} ${one.level === 1 ? 'time' : 'times'} lately: trusted again in ${seconds(one.trustedAtMs - atMs)}`;
  }
  if (one.returnableAtMs > atMs)
    return `its uplink failed too often: no return for ${seconds(one.returnableAtMs - atMs)}`;
  if (one.preference !== lead.preference) return placeWords(one, lead, treatment);
  if (one.scoreMs === null || lead.scoreMs === null) return 'not measured yet';
  const differenceMs = one.scoreMs - lead.scoreMs;
  if (differenceMs >= 0) return `measures ${differenceMs.toFixed(1)} ms worse`;
  return `measures only ${(-differenceMs).toFixed(1)} ms better: not worth a switch`;
}

function placeWords(one: Contender, lead: Contender, { path }: SteeredTreatment): string {
  if (path.mode === 'ordered' && one.tunnel.label !== lead.tunnel.label) {
    return one.preference > lead.preference
      ? `label ${short(one.tunnel.label)} comes after ${short(lead.tunnel.label)}`
      : `label ${short(one.tunnel.label)} is preferred, and will be taken`;
  }
  if (path.mode === 'balance') return 'another has this share';
  return `cost ${one.tunnel.cost} against ${lead.tunnel.cost}`;
}

/** Why it is the first, as a claim about it. */
function strengthOf(one: Contender, { path, sla }: SteeredTreatment): string {
  const sound = sla !== null && one.violation === null ? ' that keeps the bounds' : '';
  const figures = figuresOf(one);
  switch (path.mode) {
    case 'cheapest':
      return `is the cheapest${sound} (cost ${one.tunnel.cost}${figures})`;
    case 'ordered':
      return `is the first${sound} in the order of labels${figures}`;
    case 'balance':
      return `has the greatest weight${figures}`;
    default:
      return `is the best${sound}${figures}`;
  }
}

function figuresOf({ measures: { roundTripUs, loss, jitterUs } }: Contender): string {
  if (roundTripUs === null) return '';
  const more = [
    loss === null ? '' : `, loss ${percent(loss)}`,
    jitterUs === null ? '' : `, jitter ${milliseconds(jitterUs)}`,
  ];
  return `, round trip ${milliseconds(roundTripUs)}${more.join('')}`;
}

function gain(left: Contender, lead: Contender): string {
  return `${((left.scoreMs ?? 0) - (lead.scoreMs ?? 0)).toFixed(1)} ms`;
}

function stateOf({ observed: { state, reason } }: Contender): string {
  const words = { up: 'is up', down: 'went down', connecting: 'is not up yet' }[state];
  return reason === '' || state === 'up' ? words : `${words} (${short(reason)})`;
}

function silenceOf({ observed: { silentBy = [] } }: Contender): string {
  const said = silentBy.includes('silence') ? '' : ', as the other end says';
  return `fell silent while it was talking${said}`;
}

/** `internet → lte`: both ends' labels. */
function name({ tunnel }: Contender): string {
  return tunnelWords(short(tunnel.label), short(tunnel.remoteLabel), tunnel.family);
}

function short(text: string): string {
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
}

function seconds(ms: number): string {
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1_000)} s`;
}
