import { IconArrowsExchange, IconBan, type IconCheck, IconHome, IconWorld, IconWorldOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { inLocalTime, treatmentBounds, treatmentChoice } from '../../decisions/words.ts';
import type { Explanation } from '../../explain/model.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Notice } from '../notice.tsx';
import { Card } from '../page.tsx';
import { actionLooks } from '../policies/policy-wishes.tsx';
import { State, type Tone } from '../state.tsx';
import { DirectionCard } from './direction.tsx';

const ways: Readonly<Record<Explanation['way'], { tone: Tone; label: string; icon: typeof IconCheck }>> = {
  FABRIC: { tone: 'up', label: 'Through the tunnels', icon: IconArrowsExchange },
  LOCAL: { tone: 'idle', label: 'Stays in its LAN', icon: IconHome },
  BREAKOUT: { tone: 'accent', label: 'Breaks out', icon: IconWorld },
  DENIED: { tone: 'down', label: 'Denied', icon: IconBan },
  OUTSIDE: { tone: 'warn', label: 'Not of this network', icon: IconWorldOff },
};

/** Why a flow goes the way it goes: the sentence, the policy, both directions, and what had to stay open. */
export function Answer({ explanation }: { explanation: Explanation }) {
  const { way, sentence, policy, treatment, isCertain, unknown, there, back } = explanation;
  return (
    <>
      <div className="grid">
        <Card title="Answer" aside={<State look={ways[way]} />}>
          <div className="answer">
            <p className="answer-sentence" data-testid="explain-sentence">
              {inLocalTime(sentence)}
            </p>
            {unknown.length > 0 && (
              <Notice tone={isCertain ? 'accent' : 'warn'}>
                {unknown.map((one) => (
                  <div key={one}>
                    <WithCode text={one} />
                  </div>
                ))}
              </Notice>
            )}
            <dl className="facts">
              <dt>Policy</dt>
              <dd>
                {policy ? (
                  <>
                    <Link to="/policies" className="link">
                      {policy.name}
                    </Link>{' '}
                    <State look={actionLooks[policy.action]} />
                  </>
                ) : (
                  <span className="muted">none matches</span>
                )}
              </dd>
              {way === 'FABRIC' && (
                <>
                  <dt>Asks for</dt>
                  <dd>
                    {treatmentChoice(treatment)} <span className="muted">{treatmentBounds(treatment)}</span>
                  </dd>
                </>
              )}
            </dl>
          </div>
        </Card>
      </div>
      {way === 'FABRIC' && (
        <div className="grid">
          <DirectionCard title="There" direction={there} />
          <DirectionCard title="Back" direction={back} />
        </div>
      )}
      {explanation.considered.length > 0 && (
        <Card title="Policies that were asked" aside={<span className="muted">in order, until one matches</span>}>
          <DataTable
            label="Policies that were asked"
            rows={explanation.considered}
            columns={columns}
            rowId={({ policy }) => policy.id}
          />
        </Card>
      )}
    </>
  );
}

/** Commands come in backticks. */
function WithCode({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never move
      <code key={index}>{part}</code>
    ) : (
      part
    ),
  );
}

type Considered = Explanation['considered'][number];

const verdicts = { MATCHES: 'matches', DEPENDS: 'depends', DIFFERS: 'does not match' } as const;

const columns: readonly Column<Considered>[] = [
  { id: 'position', header: '#', cell: ({ policy }) => <span className="numeric muted">{policy.position}</span> },
  { id: 'name', header: 'Policy', cell: ({ policy }) => <strong>{policy.name}</strong> },
  {
    id: 'verdict',
    header: 'Verdict',
    cell: ({ verdict }) =>
      verdict === 'MATCHES' ? <strong>{verdicts[verdict]}</strong> : <span className="muted">{verdicts[verdict]}</span>,
  },
  { id: 'why', header: 'Why', className: 'wrap', cell: ({ why }) => why },
];
