import { IconArrowRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatPercent } from '../../format/rate.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { confidenceWord, type Outcome, secondsWords, sumOf, toneOf } from '../../steering/outcome.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Message } from '../query-state.tsx';
import { StatCard } from '../stat-card.tsx';

export const whatIfQuery = graphql(`
  query WhatIf($input: WhatIfInput!, $since: DateTime!, $siteId: ID) {
    whatIf(input: $input, since: $since, siteId: $siteId) {
      edge { id name }
      sentence coverage resolutionSeconds confidence
      was { switches outOfSlaSeconds downSeconds }
      wouldBe { switches outOfSlaSeconds downSeconds }
      paths {
        policies { id name }
        remoteEdge { id name }
        was { switches outOfSlaSeconds downSeconds }
        wouldBe { switches outOfSlaSeconds downSeconds }
      }
    }
  }
`);

export type EdgeAnswer = ResultOf<typeof whatIfQuery>['whatIf'][number];
type PathAnswer = EdgeAnswer['paths'][number];

const columns: readonly Column<PathAnswer>[] = [
  {
    id: 'policies',
    header: 'Traffic of',
    className: 'wrap',
    cell: ({ policies }) => policies.map(({ name }) => name).join(', ') || <span className="muted">no policy</span>,
  },
  { id: 'to', header: 'To', cell: ({ remoteEdge }) => remoteEdge?.name ?? '–' },
  { id: 'switches', header: 'Switches', align: 'end', cell: both(({ switches }) => switches, String) },
  {
    id: 'sla',
    header: 'Out of SLA',
    align: 'end',
    cell: both(({ outOfSlaSeconds }) => outOfSlaSeconds, secondsWords),
  },
  { id: 'down', header: 'Down', align: 'end', cell: both(({ downSeconds }) => downSeconds, secondsWords) },
];

function both(read: (one: Outcome) => number, words: (value: number) => string) {
  return ({ was, wouldBe }: PathAnswer): ReactNode =>
    was && wouldBe ? <Compared was={read(was)} wouldBe={read(wouldBe)} words={words} /> : '–';
}

/** `41 → 3`: today's first. Better and worse are told by words for who cannot see colours. */
function Compared({ was, wouldBe, words }: { was: number; wouldBe: number; words: (value: number) => string }) {
  const tone = toneOf(was, wouldBe);
  const title = { up: 'Less than today', down: 'More than today', same: 'As today' }[tone];
  return (
    <span className="compared" data-tone={tone} title={title}>
      <span className="muted">{words(was)}</span>{' '}
      <IconArrowRight size={13} stroke={2} className="muted" aria-label={`${title.toLowerCase()}:`} />{' '}
      <strong>{words(wouldBe)}</strong>
    </span>
  );
}

/** Against today: what the changed figures would have done with what was measured, and how far that can be believed. */
export function WhatIfAnswer({ edges }: { edges: readonly EdgeAnswer[] }) {
  if (edges.length === 0)
    return (
      <Message title="No gateway is enrolled there">
        <p>What was measured is what gateways told of: choose another site, or all of them.</p>
      </Message>
    );
  const was = sumOf(edges.map((one) => one.was));
  const wouldBe = sumOf(edges.map((one) => one.wouldBe));
  const least = Math.min(...edges.map(({ confidence }) => confidence));
  return (
    <div data-testid="what-if-answer">
      <div className="grid grid-stats what-if-stats">
        <StatCard
          label="Switches"
          icon={null}
          value={<Compared was={was.switches} wouldBe={wouldBe.switches} words={String} />}
          note="of the tunnel that carries traffic"
        />
        <StatCard
          label="Out of SLA"
          icon={null}
          value={<Compared was={was.outOfSlaSeconds} wouldBe={wouldBe.outOfSlaSeconds} words={secondsWords} />}
          note="while the path in use broke its bounds"
        />
        <StatCard
          label="Down"
          icon={null}
          value={<Compared was={was.downSeconds} wouldBe={wouldBe.downSeconds} words={secondsWords} />}
          note="while nothing was up"
        />
        <StatCard
          label="Confidence"
          icon={null}
          value={formatPercent(least * 100)}
          note={`${confidenceWord(least)}, of the gateway that is known least`}
        />
      </div>
      {edges.map(({ edge, sentence, coverage, resolutionSeconds, confidence, paths }) => (
        <section className="what-if-edge" key={edge.id} aria-label={edge.name}>
          <h3>
            {edge.name}
            <span className="muted">
              confidence {formatPercent(confidence * 100)} · {formatPercent(coverage * 100)} of the time is known
              {resolutionSeconds !== null && ` · every ${secondsWords(resolutionSeconds)}`}
            </span>
          </h3>
          <p className="form-note">{sentence}</p>
          {paths.length > 0 && (
            <DataTable
              label={`Paths of ${edge.name}`}
              rows={paths}
              columns={columns}
              rowId={({ policies, remoteEdge }) => `${policies.map(({ id }) => id).join()} ${remoteEdge?.id}`}
            />
          )}
        </section>
      ))}
    </div>
  );
}
