/** The figures of path choice as a person sets them: a unit each, and what it does. */

export const figureNames = [
  'holdMs',
  'longestHoldMs',
  'forgiveMs',
  'mostReturns',
  'returnWindowMs',
  'leastGainMs',
  'leastGainRatio',
  'leastRelief',
  'dwellMs',
  'recoveryMs',
  'suspicionMs',
  'confidence',
  'lossReports',
  'delayReports',
] as const;
export type FigureName = (typeof figureNames)[number];

export interface Figure {
  readonly name: FigureName;
  readonly label: string;
  readonly unit: string;
  /** What one of the unit is to the controller. */
  readonly factor: number;
  readonly note: string;
}

export interface FigureGroup {
  readonly title: string;
  readonly lead: string;
  readonly figures: readonly Figure[];
}

const [ms, seconds, minutes] = [
  { unit: 'ms', factor: 1 },
  { unit: 's', factor: 1_000 },
  { unit: 'min', factor: 60_000 },
];
const percent = { unit: '%', factor: 0.01 };
const plain = (unit: string) => ({ unit, factor: 1 });

export const figureGroups: readonly FigureGroup[] = [
  {
    title: 'Coming back',
    lead: 'How long a path that failed has to be sound before traffic returns to it. Leaving one is never delayed.',
    figures: [
      {
        name: 'holdMs',
        label: 'Sound for',
        ...seconds!,
        note: 'after the first failure; doubles with each further one',
      },
      { name: 'longestHoldMs', label: 'At most', ...minutes!, note: 'however often it failed' },
      { name: 'forgiveMs', label: 'Forgiven after', ...minutes!, note: 'so long without a failure halves the wait' },
      { name: 'mostReturns', label: 'Returns', ...plain('times'), note: 'to an uplink that keeps failing, …' },
      { name: 'returnWindowMs', label: 'Within', ...seconds!, note: '… in so much time' },
    ],
  },
  {
    title: 'Between good paths',
    lead: 'What a switch has to gain while the present path keeps its bounds.',
    figures: [
      { name: 'leastGainMs', label: 'Least gain', ...ms!, note: 'this …' },
      { name: 'leastGainRatio', label: 'And of the present', ...percent, note: '… and so much of it' },
      { name: 'leastRelief', label: 'Less by', ...percent, note: 'where all miss their bounds, by so much less' },
      { name: 'dwellMs', label: 'Between moves', ...seconds!, note: 'that only a measurement asks for' },
    ],
  },
  {
    title: 'Evidence',
    lead: 'When a bound counts as broken, and what is suspected beside a failure.',
    figures: [
      { name: 'confidence', label: 'Confidence', ...plain('σ'), note: 'by which a loss has to be beyond its bound' },
      { name: 'lossReports', label: 'Loss', ...plain('reports'), note: 'in a row that have to show it' },
      { name: 'delayReports', label: 'Delay and jitter', ...plain('reports'), note: 'the same' },
      { name: 'recoveryMs', label: 'Counts as bad for', ...seconds!, note: 'after the last evidence' },
      { name: 'suspicionMs', label: 'Suspected for', ...seconds!, note: 'what shares an uplink with a failure' },
    ],
  },
];

/** As a form holds them; a text where a number is missing. */
export type FiguresDraft = Readonly<Record<FigureName, number | string>>;
export type Figures = Readonly<Record<FigureName, number>>;

const all = figureGroups.flatMap((group) => group.figures);

export function draftOf(present: Figures): FiguresDraft {
  return Object.fromEntries(all.map(({ name, factor }) => [name, tidy(present[name] / factor)])) as FiguresDraft;
}

/** What differs from the present, as the controller takes it. */
export function changesOf(draft: FiguresDraft, present: Figures): Partial<Record<FigureName, number>> {
  const before = draftOf(present);
  return Object.fromEntries(
    all.flatMap(({ name, factor }) => {
      const value = draft[name];
      if (value === before[name] || typeof value !== 'number') return [];
      return [[name, tidy(value * factor)]];
    }),
  );
}

/** Factors such as 0.01 leave a trace that nobody typed. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
