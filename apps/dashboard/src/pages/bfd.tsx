import { IconHeartbeat } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { bfdColumns } from '../components/bfd-columns.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { RoutersCard } from '../components/routers-card.tsx';
import { SiteLink } from '../components/site-link.tsx';
import { SiteStateFilter } from '../components/site-state-filter.tsx';
import { bfdLooks } from '../components/state.tsx';
import { Tabs, tunnelTabs } from '../components/tabs.tsx';
import { countWords } from '../format/count.ts';
import { formatInterval } from '../format/quality.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import type { BfdSearch } from '../search.ts';
import { endsFrom } from '../tunnels/perspective.ts';

const sessionsQuery = graphql(`
  query BfdSessions($filter: BfdSessionFilter) {
    bfdSessions(first: 1000, filter: $filter) {
      totalCount
      edges {
        node {
          id state remoteState diagnostic diagnosticText remoteDiagnostic remoteDiagnosticText
          transmitIntervalMs detectionTimeMs downs localDiscriminator remoteDiscriminator
          edge { id site { id name } }
          remoteEdge { id site { id name } }
          tunnel { id a { site { id } uplink { label } } b { site { id } uplink { label } } }
        }
      }
    }
  }
`);
const timersQuery = graphql(`
  query BfdTimers { bfdTimers { intervalMs realtimeIntervalMs idleIntervalMs multiplier } }
`);

type Session = ResultOf<typeof sessionsQuery>['bfdSessions']['edges'][number]['node'];

const columns: readonly Column<Session>[] = [
  {
    id: 'from',
    header: 'At',
    sort: (session) => `${session.edge.site.name} ${session.remoteEdge.site.name} ${uplinkWords(session)}`,
    cell: ({ edge }) => <SiteLink site={edge.site} />,
  },
  {
    id: 'tunnel',
    header: 'Tunnel',
    cell: (session) => (
      <>
        <Link to="/tunnels/$tunnelId" params={{ tunnelId: session.tunnel.id }} className="link">
          to {session.remoteEdge.site.name}
        </Link>
        <span className="second">{uplinkWords(session)}</span>
      </>
    ),
  },
  ...bfdColumns<Session>(),
];

function uplinkWords({ tunnel, edge }: Session): string {
  const { near, far } = endsFrom<Session['tunnel']['a']>(tunnel, edge.site.id);
  return `${near.uplink.label} → ${far.uplink.label}`;
}

/** Every BFD session, one at each end of each tunnel. Filters live in the URL. */
export function BfdPage() {
  const { site, state } = useSearch({ from: '/inside/tunnels/bfd' });
  const navigate = useNavigate({ from: '/tunnels/bfd' });
  const query = useLiveQuery(sessionsQuery, { filter: { ...(site && { siteId: site }), ...(state && { state }) } });
  const edges = query.data?.bfdSessions.edges;
  const rows = useMemo(() => edges?.map(({ node }) => node) ?? [], [edges]);
  const change = (filter: BfdSearch) => void navigate({ search: (old) => ({ ...old, ...filter }), replace: true });
  const filter = (
    <SiteStateFilter
      anySite="At any site"
      site={site}
      state={state}
      looks={bfdLooks}
      onChange={(next) => change(next as BfdSearch)}
    />
  );
  return (
    <Page title="BFD sessions" lead={<Timers />}>
      <Tabs label="Tunnels" tabs={tunnelTabs} />
      <Card title={countWords('sessions', rows.length, query.data?.bfdSessions.totalCount)} aside={filter}>
        <QueryState query={query}>
          {() =>
            rows.length > 0 ? (
              <DataTable
                label="BFD sessions"
                rows={rows}
                columns={columns}
                initialSort="from"
                rowId={({ id }) => id}
                rowTestId={({ state }) => `bfd-${state}`}
              />
            ) : (
              <Message
                icon={IconHeartbeat}
                title={site || state ? 'No session matches this filter' : 'No sessions yet'}
              >
                <p>Each end of a tunnel keeps one, and tells of it as soon as the tunnel is there.</p>
              </Message>
            )
          }
        </QueryState>
      </Card>
      <RoutersCard site={site} />
    </Page>
  );
}

function Timers() {
  const timers = useLiveQuery(timersQuery, {}).data?.bfdTimers;
  if (!timers) return 'Whether each tunnel works, asked many times a second (RFC 5880)';
  const { intervalMs, realtimeIntervalMs, idleIntervalMs, multiplier } = timers;
  return (
    <>
      Asked every {formatInterval(intervalMs)}, every {formatInterval(realtimeIntervalMs)} where realtime traffic runs,
      every {formatInterval(idleIntervalMs)} where there was none for a while; down after {multiplier} without an answer
    </>
  );
}
