/** What was measured, round by round, and what it comes to. */
import type { Contender } from './world.ts';

type Name = Contender['name'];

/** In the order in which they are told. */
export const questions = [
  'tcp1',
  'tcp4',
  'tcp1NoSegmentOffload',
  'tcp4NoSegmentOffload',
  'udp64',
  'rttFloodUs',
  'rttIdleUs',
  'cpuPerGbit',
] as const;
export type Question = (typeof questions)[number];

/** Medians of each contender, and of the ratios of patronus to the others within each round. */
export type Answer = Partial<Record<Name, number>> & {
  ratio?: number;
  ratioMin?: number;
  ratioMax?: number;
  ratioToOther?: number;
};
export type Summary = Record<Question, Answer>;

export class Rounds {
  readonly #figures = new Map<Question, Map<Name, Map<number, number>>>();

  add(round: number, question: Question, name: Name, value: number): void {
    const ofQuestion = this.#figures.get(question) ?? new Map<Name, Map<number, number>>();
    this.#figures.set(question, ofQuestion);
    const ofName = ofQuestion.get(name) ?? new Map<number, number>();
    ofQuestion.set(name, ofName);
    ofName.set(round, value);
  }

  summary(): Summary {
    return Object.fromEntries(questions.map((question) => [question, this.#answer(question)])) as Summary;
  }

  #answer(question: Question): Answer {
    const ofQuestion = this.#figures.get(question) ?? new Map<Name, Map<number, number>>();
    const answer: Answer = {};
    for (const [name, values] of ofQuestion) answer[name] = round(median([...values.values()]));
    const ratios = this.#ratios(ofQuestion, 'wireguardGo');
    if (ratios.length > 0) {
      answer.ratio = round(median(ratios));
      answer.ratioMin = round(Math.min(...ratios));
      answer.ratioMax = round(Math.max(...ratios));
    }
    const toOther = this.#ratios(ofQuestion, 'other');
    if (toOther.length > 0) answer.ratioToOther = round(median(toOther));
    return answer;
  }

  #ratios(values: ReadonlyMap<Name, ReadonlyMap<number, number>>, to: Name): number[] {
    const own = values.get('patronus');
    const others = values.get(to);
    if (own === undefined || others === undefined) return [];
    return [...own].flatMap(([at, value]) => {
      const other = others.get(at);
      return other === undefined ? [] : [value / other];
    });
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three digits that mean something. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** For people. */
export function table(summary: Partial<Summary>): string {
  const columns = ['patronus', 'wireguardGo', 'other', 'veth', 'ratio', 'ratioToOther'] as const;
  const lines = [['', ...columns]];
  for (const question of questions) {
    const answer = summary[question] ?? {};
    lines.push([question, ...columns.map((column) => `${answer[column] ?? ''}`)]);
  }
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  return `${lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}
