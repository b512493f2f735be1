/** Paths and decisions in words. */
import { formatMoment } from '../format/time.ts';
import { type Bounds, boundWords, type PathWish, pathWords } from '../policies/words.ts';

export interface TreatmentLike {
  readonly id: string;
  readonly slaClass: (Bounds & { readonly name: string }) | null;
  readonly path: PathWish;
  readonly policies: readonly { readonly name: string }[];
}

const shownPolicies = 2;

/** Whose traffic it is: the policies that ask for it; `everything else` for what no policy treats otherwise. */
export function treatmentName(treatment: TreatmentLike | null): string {
  if (treatment === null) return 'a treatment that is no more';
  // Policies that ask for nothing, such as those that deny, share it with what no policy matches.
  if (treatment.id === 'default') return 'everything else';
  const names = treatment.policies.map(({ name }) => name);
  const all = names.slice(0, shownPolicies).join(', ');
  const more = names.length - shownPolicies;
  return more > 0 ? `${all} and ${more} more` : all || 'no policy any more';
}

/** How its path is chosen: `Voice · best path`. */
export function treatmentChoice(treatment: TreatmentLike | null): string {
  if (treatment === null) return '';
  return [...(treatment.slaClass ? [treatment.slaClass.name] : []), pathWords(treatment.path)].join(' · ');
}

export function treatmentBounds(treatment: TreatmentLike | null): string | undefined {
  return treatment?.slaClass ? boundWords(treatment.slaClass) : undefined;
}

/** The rules of @patronus/steering, in a word or two. */
const ruleNames: Readonly<Record<string, string>> = {
  configured: 'Configured',
  'first-up': 'First up',
  'none-up': 'None up',
  down: 'Path down',
  silent: 'Fell silent',
  drained: 'Drained',
  'sla-violated': 'SLA missed',
  'misses-least': 'Misses least',
  failback: 'Back again',
  'lower-cost': 'Lower cost',
  'preferred-label': 'Preferred',
  better: 'Better path',
  members: 'Members',
  'standby-order': 'Standby order',
};

/** Rules that tell of trouble rather than of a choice. */
export const troubleRules: ReadonlySet<string> = new Set(['down', 'none-up', 'silent', 'sla-violated', 'misses-least']);

export const ruleChoices: readonly { readonly value: string; readonly label: string }[] = Object.entries(ruleNames).map(
  ([value, label]) => ({ value, label }),
);

/** The rule in a word or two; a word we do not know is shown as it came. */
export function ruleName(rule: string): string {
  const known = ruleNames[rule];
  if (known !== undefined) return known;
  const words = rule.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const moment = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g;

/** A sentence of the controller with its moments as this reader's clock tells them. */
export function inLocalTime(sentence: string): string {
  return sentence.replace(moment, (iso) => formatMoment(iso));
}
