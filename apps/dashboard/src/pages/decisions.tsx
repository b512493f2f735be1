import { Button } from '@mantine/core';
import { IconTimeline } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { DecisionDetail } from '../components/decisions/decision-detail.tsx';
import { DecisionRow } from '../components/decisions/decision-row.tsx';
import { Card, Page } from '../components/page.tsx';
import { type Cursor, Paging } from '../components/paging.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { SearchSelect } from '../components/search-select.tsx';
import { SiteSelect } from '../components/site-select.tsx';
import { decisionsQuery, treatmentsQuery } from '../decisions/model.ts';
import { ruleChoices, treatmentChoice, treatmentName } from '../decisions/words.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { useNow } from '../live/use-now.ts';
import type { ResultOf } from '../queries/graphql.ts';
import type { DecisionsSearch } from '../search.ts';

const pageLength = 50;

/** Why traffic took the paths it took, newest first; filters and what is open live in the URL. */
export function DecisionsPage() {
  const search = useSearch({ from: '/inside/decisions' });
  const { site, to, treatment, tunnel, rule, minutes, after, before } = search;
  const since = useMemo(() => minutes && new Date(Date.now() - minutes * minuteMs).toISOString(), [minutes]);
  const query = useLiveQuery(decisionsQuery, {
    filter: {
      ...(site && { siteId: site }),
      ...(to && { remoteSiteId: to }),
      ...(treatment && { treatmentId: treatment }),
      ...(tunnel && { tunnelId: tunnel }),
      ...(rule && { rule }),
      ...(since && { since }),
    },
    ...(before ? { last: pageLength, before } : { first: pageLength, ...(after && { after }) }),
  });
  const isFiltered = Boolean(site || to || treatment || tunnel || rule || since);
  return (
    <Page title="Decisions" lead="Every change of path, with all that led to it. The newest first, live.">
      <Card title="Timeline" aside={<Filter search={search} />}>
        <QueryState query={query}>
          {({ decisions }) =>
            decisions.edges.length > 0 || search.open ? (
              <Timeline decisions={decisions} open={search.open} />
            ) : (
              <Message icon={IconTimeline} title={isFiltered ? 'No decision matches this filter' : 'No decisions yet'}>
                <p>
                  {isFiltered
                    ? 'Take a filter away to see more.'
                    : 'Whenever traffic changes its path, the reason is kept here, with every path that could have been taken. Cut an uplink and look.'}
                </p>
              </Message>
            )
          }
        </QueryState>
      </Card>
    </Page>
  );
}

type Decisions = ResultOf<typeof decisionsQuery>['decisions'];

function Timeline({ decisions, open }: { decisions: Decisions; open: string | undefined }) {
  const now = useNow();
  const navigate = useNavigate({ from: '/decisions' });
  const toggle = (id: string) =>
    void navigate({
      search: ({ open: _, ...rest }) => ({ ...rest, ...(id !== open && { open: id }) }),
      replace: true,
    });
  const go = (cursor: Cursor) =>
    void navigate({ search: ({ after: _, before: __, open: ___, ...old }) => ({ ...old, ...cursor }) });
  const isListed = decisions.edges.some(({ node }) => node.id === open);
  return (
    <>
      {open && !isListed && <DecisionDetail id={open} />}
      <ol className="decisions" data-testid="decisions">
        {decisions.edges.map(({ node }) => (
          <DecisionRow
            key={node.id}
            decision={node}
            now={now}
            isOpen={open === node.id}
            onToggle={() => toggle(node.id)}
          >
            <DecisionDetail id={node.id} />
          </DecisionRow>
        ))}
      </ol>
      <Paging words={['decision', 'decisions']} total={decisions.totalCount} pageInfo={decisions.pageInfo} onGo={go} />
    </>
  );
}

const periods = [
  { value: '15', label: 'Last 15 minutes' },
  { value: '60', label: 'Last hour' },
  { value: '1440', label: 'Last day' },
] as const;
const minuteMs = 60_000;

function Filter({ search }: { search: DecisionsSearch }) {
  const navigate = useNavigate({ from: '/decisions' });
  const treatments = useLiveQuery(treatmentsQuery, {}).data?.treatments ?? [];
  // Another filter is another list: its pages start anew.
  const change = (filter: DecisionsSearch) =>
    void navigate({ search: ({ after: _, before: __, open: ___, ...old }) => ({ ...old, ...filter }), replace: true });
  return (
    <div className="page-actions filters">
      <SiteSelect
        placeholder="From any site"
        value={search.site}
        onChange={(site) => change({ site } as DecisionsSearch)}
      />
      <SiteSelect placeholder="To any site" value={search.to} onChange={(to) => change({ to } as DecisionsSearch)} />
      <SearchSelect
        {...common('Any treatment')}
        w={190}
        data={treatments.map((one) => ({ value: one.id, label: `${treatmentName(one)} · ${treatmentChoice(one)}` }))}
        value={search.treatment ?? null}
        onChange={(treatment) => change({ treatment: treatment ?? undefined } as DecisionsSearch)}
      />
      <SearchSelect
        {...common('Any rule')}
        data={ruleChoices as never}
        value={search.rule ?? null}
        onChange={(rule) => change({ rule: rule ?? undefined } as DecisionsSearch)}
      />
      <SearchSelect
        {...common('Any time')}
        data={periods as never}
        value={search.minutes === undefined ? null : String(search.minutes)}
        onChange={(minutes) => change({ minutes: minutes === null ? undefined : Number(minutes) } as DecisionsSearch)}
      />
      {search.tunnel && (
        <Button size="xs" variant="default" onClick={() => change({ tunnel: undefined } as never)}>
          One tunnel ×
        </Button>
      )}
    </div>
  );
}

function common(placeholder: string) {
  return { size: 'xs', w: 140, clearable: true, placeholder, 'aria-label': placeholder } as const;
}
