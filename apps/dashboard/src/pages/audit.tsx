import { Group, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconCheck, IconClipboardList, IconLock, IconX } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { type Cursor, Paging } from '../components/paging.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { State } from '../components/state.tsx';
import { formatMoment } from '../format/time.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';
import type { AuditSearch } from '../search.ts';

const auditQuery = graphql(`
  query AuditLog($first: Int, $after: String, $last: Int, $before: String, $filter: AuditFilter) {
    auditLog(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { node { id at actor action subject outcome sourceAddress } }
    }
  }
`);

type Entry = ResultOf<typeof auditQuery>['auditLog']['edges'][number]['node'];

const pageLength = 25;

const columns: readonly Column<Entry>[] = [
  { id: 'at', header: 'When', cell: (entry) => <span title={entry.at}>{formatMoment(entry.at)}</span> },
  { id: 'actor', header: 'Who', cell: (entry) => entry.actor },
  { id: 'action', header: 'What', cell: (entry) => <span className="mono">{entry.action}</span> },
  { id: 'subject', header: 'To what', cell: (entry) => entry.subject || '–' },
  { id: 'outcome', header: 'Outcome', cell: (entry) => <State look={outcomeLook(entry.outcome)} /> },
  { id: 'from', header: 'From', cell: (entry) => <span className="mono muted">{entry.sourceAddress ?? '–'}</span> },
];

function outcomeLook(outcome: string) {
  return outcome === 'OK'
    ? ({ tone: 'up', label: 'OK', icon: IconCheck } as const)
    : ({ tone: 'down', label: outcome, icon: IconX } as const);
}

/** Who changed what. A viewer who followed a link is told why there is nothing to see, and nothing is asked for. */
export function AuditPage() {
  if (useMay()('audit.read')) return <AuditLog />;
  return (
    <Page title="Audit log">
      <Card>
        <Message icon={IconLock} title="Not for viewers">
          <p>Operators and administrators read the audit log. Ask one of them, or for their role.</p>
        </Message>
      </Card>
    </Page>
  );
}

/** Newest first; page and filter live in the URL. */
function AuditLog() {
  const { actor, action, after, before } = useSearch({ from: '/inside/audit' });
  const query = useLiveQuery(auditQuery, {
    filter: { ...(actor && { actor }), ...(action && { action }) },
    ...(before ? { last: pageLength, before } : { first: pageLength, ...(after && { after }) }),
  });
  const navigate = useNavigate({ from: '/audit' });
  const go = (cursor: Cursor) =>
    void navigate({ search: ({ after: _, before: __, ...old }) => ({ ...old, ...cursor }) });
  return (
    <Page title="Audit log" lead="Every change, by whom and from where. Entries are chained and cannot be edited.">
      <Card title="Entries" aside={<Filter actor={actor ?? ''} action={action ?? ''} />}>
        <QueryState query={query}>
          {({ auditLog: { edges, pageInfo, totalCount } }) =>
            edges.length === 0 ? (
              <Message icon={IconClipboardList} title="Nothing here">
                <p>{actor || action ? 'No entry matches this filter.' : 'Changes appear here as they happen.'}</p>
              </Message>
            ) : (
              <>
                <DataTable
                  label="Audit log"
                  rows={edges.map(({ node }) => node)}
                  columns={columns}
                  rowId={({ id }) => id}
                />
                <Paging words={['entry', 'entries']} total={totalCount} pageInfo={pageInfo} onGo={go} />
              </>
            )
          }
        </QueryState>
      </Card>
    </Page>
  );
}

function Filter({ actor, action }: { actor: string; action: string }) {
  const navigate = useNavigate({ from: '/audit' });
  // Another filter is another list: its pages start anew.
  const change = useDebouncedCallback(
    (filter: AuditSearch) =>
      void navigate({ search: ({ after: _, before: __, ...old }) => ({ ...old, ...filter }), replace: true }),
    250,
  );
  return (
    <Group gap="xs">
      <TextInput
        size="xs"
        aria-label="Filter by who"
        placeholder="Who"
        defaultValue={actor}
        onChange={(event) => change({ actor: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        aria-label="Filter by what"
        placeholder="What, such as site.add"
        defaultValue={action}
        onChange={(event) => change({ action: event.currentTarget.value })}
      />
    </Group>
  );
}
