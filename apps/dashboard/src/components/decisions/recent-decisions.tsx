import { IconTimeline } from '@tabler/icons-react';
import { useState } from 'react';
import { decisionsQuery } from '../../decisions/model.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useNow } from '../../live/use-now.ts';
import type { VariablesOf } from '../../queries/graphql.ts';
import { Message, QueryState } from '../query-state.tsx';
import { DecisionDetail } from './decision-detail.tsx';
import { DecisionRow } from './decision-row.tsx';

interface RecentDecisionsProps {
  readonly filter: NonNullable<VariablesOf<typeof decisionsQuery>['filter']>;
  readonly count: number;
}

/** The newest decisions of a site or a tunnel, each opening in place. */
export function RecentDecisions({ filter, count }: RecentDecisionsProps) {
  const query = useLiveQuery(decisionsQuery, { first: count, filter });
  const now = useNow();
  const [open, setOpen] = useState<string>();
  return (
    <QueryState query={query}>
      {({ decisions: { edges } }) =>
        edges.length > 0 ? (
          <ol className="decisions">
            {edges.map(({ node }) => (
              <DecisionRow
                key={node.id}
                decision={node}
                now={now}
                isOpen={open === node.id}
                onToggle={() => setOpen(open === node.id ? undefined : node.id)}
              >
                <DecisionDetail id={node.id} />
              </DecisionRow>
            ))}
          </ol>
        ) : (
          <Message icon={IconTimeline} title="No decisions yet">
            <p>
              Whenever traffic changes its path, the reason is kept here, with every path that could have been taken.
            </p>
          </Message>
        )
      }
    </QueryState>
  );
}
