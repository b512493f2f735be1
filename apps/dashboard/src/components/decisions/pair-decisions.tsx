import { IconArrowRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { decisionsQuery } from '../../decisions/model.ts';
import { inLocalTime, treatmentName } from '../../decisions/words.ts';
import { formatAgo, formatMoment } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useNow } from '../../live/use-now.ts';
import type { VariablesOf } from '../../queries/graphql.ts';
import { QueryState } from '../query-state.tsx';

interface PairDecisionsProps {
  readonly filter: NonNullable<VariablesOf<typeof decisionsQuery>['filter']>;
}

const shown = 4;

/** The newest decisions in a narrow place: the sentence alone, which leads to the whole. */
export function PairDecisions({ filter }: PairDecisionsProps) {
  const query = useLiveQuery(decisionsQuery, { first: shown, filter });
  const now = useNow();
  return (
    <QueryState query={query}>
      {({ decisions: { edges } }) =>
        edges.length === 0 ? (
          <p className="form-note">No decision about it is kept.</p>
        ) : (
          edges.map(({ node: { id, at, reason, edge, remoteEdge, treatment } }) => (
            <Link key={id} to="/decisions" search={{ open: id }} className="panel-decision">
              <span className="decision-line">
                <b>
                  {edge?.site.name} <IconArrowRight size={12} aria-label="to" /> {remoteEdge?.site.name}
                </b>
                <span className="muted">{treatmentName(treatment)}</span>
              </span>
              <span>{inLocalTime(reason)}</span>
              <time className="muted" dateTime={at} title={formatMoment(at)}>
                {formatAgo(at, now)}
              </time>
            </Link>
          ))
        )
      }
    </QueryState>
  );
}
