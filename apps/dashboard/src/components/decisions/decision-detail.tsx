import { Link } from '@tanstack/react-router';
import { type DecisionDetail as Detail, decisionQuery } from '../../decisions/model.ts';
import { ruleName, treatmentBounds, treatmentChoice, treatmentName } from '../../decisions/words.ts';
import { formatMoment } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { Lines, Message, QueryState } from '../query-state.tsx';
import { Candidates } from './candidates.tsx';

/** What a decision was made of: candidates with measurements, the rule, and the configuration in force. */
export function DecisionDetail({ id }: { id: string }) {
  const query = useLiveQuery(decisionQuery, { id });
  return (
    <div className="decision-body">
      <QueryState query={query} skeleton={<Lines count={3} />}>
        {({ decision }) =>
          decision ? (
            <>
              <Candidates candidates={decision.candidates} />
              <Facts decision={decision} />
            </>
          ) : (
            <Message title="This decision is no longer kept">
              <p>Decisions are kept for 30 days.</p>
            </Message>
          )
        }
      </QueryState>
    </div>
  );
}

function Facts({ decision }: { decision: Detail }) {
  const { at, rule, treatment, configurationHash, configurationVersion, number, edge, remoteEdge } = decision;
  return (
    <dl className="facts decision-facts">
      <dt>When</dt>
      <dd>{formatMoment(at)}</dd>
      <dt>Rule</dt>
      <dd>
        {ruleName(rule)} <code>{rule}</code>
      </dd>
      <dt>For</dt>
      <dd>
        {treatmentName(treatment)}
        <span className="muted">
          {treatment && ` · ${treatmentChoice(treatment)}`}
          {treatmentBounds(treatment) && ` (${treatmentBounds(treatment)})`}
        </span>
      </dd>
      <dt>Configuration</dt>
      <dd>
        version {configurationVersion}{' '}
        <span className="mono muted" title={configurationHash}>
          {configurationHash.slice(0, 16)}
        </span>
      </dd>
      <dt>Decision</dt>
      <dd>
        number {number} of {edge?.site.name ?? 'its gateway'}
        {edge && remoteEdge && (
          <>
            {' · '}
            <Link to="/decisions" search={{ site: edge.site.id, to: remoteEdge.site.id }}>
              all from {edge.site.name} to {remoteEdge.site.name}
            </Link>
          </>
        )}
      </dd>
    </dl>
  );
}
