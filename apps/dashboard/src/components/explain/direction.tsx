import { IconArrowRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { inLocalTime, ruleName } from '../../decisions/words.ts';
import type { ExplainedDirection } from '../../explain/model.ts';
import { formatAgo, formatMoment } from '../../format/time.ts';
import { useNow } from '../../live/use-now.ts';
import { endsFrom } from '../../tunnels/perspective.ts';
import { Candidates } from '../decisions/candidates.tsx';
import { Card } from '../page.tsx';

/** One direction of a flow: the tunnel it takes, why, and what else there was. */
export function DirectionCard({ title, direction }: { title: string; direction: ExplainedDirection }) {
  const { from, to, sentence, decision } = direction;
  return (
    <Card title={title} aside={<TunnelLink direction={direction} />}>
      <div className="answer">
        <div className="muted answer-ends">
          {from} <IconArrowRight size={13} aria-label="to" /> {to}
        </div>
        {sentence && <p className="answer-line">{inLocalTime(sentence)}</p>}
      </div>
      {decision && (
        <>
          <Chosen decision={decision} />
          <Candidates candidates={decision.candidates} />
        </>
      )}
    </Card>
  );
}

function TunnelLink({ direction: { tunnel, fromSite } }: { direction: ExplainedDirection }) {
  if (!tunnel) return null;
  const { near, far } = endsFrom<NonNullable<typeof tunnel>['a']>(tunnel, fromSite?.id ?? '');
  return (
    <Link to="/tunnels/$tunnelId" params={{ tunnelId: tunnel.id }} className="quiet-link">
      {near.uplink.label} → {far.uplink.label}
    </Link>
  );
}

function Chosen({ decision: { id, at, rule } }: { decision: NonNullable<ExplainedDirection['decision']> }) {
  const now = useNow();
  return (
    <p className="card-note">
      Chosen <span title={formatMoment(at)}>{formatAgo(at, now)}</span> by the rule {ruleName(rule).toLowerCase()},
      among these.{' '}
      <Link to="/decisions" search={{ open: id }} className="quiet-link">
        Open the decision
      </Link>
    </p>
  );
}
