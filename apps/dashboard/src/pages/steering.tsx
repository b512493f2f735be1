import { Group, Select } from '@mantine/core';
import { IconHistoryToggle } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { SiteSelect } from '../components/site-select.tsx';
import { DetectionForm, timersQuery } from '../components/steering/detection-form.tsx';
import { type FigureChanges, FiguresForm } from '../components/steering/figures-form.tsx';
import { type EdgeAnswer, WhatIfAnswer, whatIfQuery } from '../components/steering/what-if-answer.tsx';
import { policyTabs, Tabs } from '../components/tabs.tsx';
import type { Problem } from '../live/problem.ts';
import { useAnswer } from '../live/use-answer.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql } from '../queries/graphql.ts';
import type { SteeringSearch } from '../search.ts';

const steeringQuery = graphql(`
  query SteeringFigures {
    steering {
      holdMs longestHoldMs forgiveMs mostReturns returnWindowMs leastGainMs leastGainRatio leastRelief
      dwellMs recoveryMs suspicionMs confidence lossReports delayReports ownFigures
    }
  }
`);

const periods = [
  { value: '1', label: 'The last hour' },
  { value: '24', label: 'The last day' },
  { value: '168', label: 'The last week' },
  { value: '720', label: 'The last 30 days' },
];

/** The figures of path choice, and what others would have done with what was measured. Period and site live in the URL. */
export function SteeringPage() {
  const search = useSearch({ from: '/inside/policies/steering' });
  const navigate = useNavigate({ from: '/policies/steering' });
  const figures = useLiveQuery(steeringQuery, {});
  const timers = useLiveQuery(timersQuery, {});
  const { ask, isAsking } = useAnswer(whatIfQuery);
  const [answer, setAnswer] = useState<readonly EdgeAnswer[]>();
  const change = (next: SteeringSearch) => {
    setAnswer(undefined);
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  };
  const askFor = async (thresholds: FigureChanges): Promise<Problem | undefined> => {
    const since = new Date(Date.now() - (search.hours ?? 24) * 3_600_000).toISOString();
    const outcome = await ask({ input: { thresholds }, since, siteId: search.site ?? null });
    if ('problem' in outcome) return atFigures(outcome.problem);
    setAnswer(outcome.data.whatIf);
    return undefined;
  };
  return (
    <Page title="Steering" lead="When gateways leave a path, and when they return to it">
      <Tabs label="Policies and what they name" tabs={policyTabs} />
      <div className="grid">
        <Card title="Figures of path choice">
          <QueryState query={figures}>
            {({ steering }) => (
              <FiguresForm key={JSON.stringify(steering)} present={steering} isAsking={isAsking} onAsk={askFor} />
            )}
          </QueryState>
        </Card>
        <Card title="What it would have done" aside={<Scope search={search} onChange={change} />}>
          {answer ? (
            <WhatIfAnswer edges={answer} />
          ) : (
            <Message icon={IconHistoryToggle} title="Ask before you change anything">
              <p>
                Change a figure above and ask: what was measured is steered anew, with today's figures and with yours,
                and you see how many switches and how much time out of SLA each would have made. Nothing is changed by
                asking. SLA classes and policies can be asked about with <code>patronus whatif</code>.
              </p>
            </Message>
          )}
        </Card>
        <Card title="How failures are noticed">
          <QueryState query={timers}>
            {({ bfdTimers }) => <DetectionForm key={JSON.stringify(bfdTimers)} timers={bfdTimers} />}
          </QueryState>
        </Card>
      </div>
    </Page>
  );
}

function Scope({ search, onChange }: { search: SteeringSearch; onChange: (next: SteeringSearch) => void }) {
  return (
    <Group gap={8} className="filters" wrap="nowrap">
      <Select
        size="xs"
        w={150}
        aria-label="Over which time"
        data={periods}
        allowDeselect={false}
        value={String(search.hours ?? 24)}
        onChange={(hours) => onChange({ hours: Number(hours) })}
      />
      <SiteSelect
        placeholder="All sites"
        value={search.site}
        onChange={(site) => onChange({ site } as SteeringSearch)}
      />
    </Group>
  );
}

/** The controller names fields of the question; the form has those of the figures. */
function atFigures({ fields, ...problem }: Problem): Problem {
  return {
    ...problem,
    fields: Object.fromEntries(
      Object.entries(fields).map(([path, words]) => [path.replace(/^thresholds\./, ''), words]),
    ),
  };
}
