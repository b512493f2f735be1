import { countWords } from '../format/count.ts';
import { formatInterval } from '../format/quality.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { type Column, DataTable } from './data-table.tsx';
import { Card } from './page.tsx';
import { bfdLooks, State } from './state.tsx';

const routersQuery = graphql(`
  query Routers($filter: BfdPeerFilter) {
    bfdPeers(first: 1000, filter: $filter) {
      totalCount
      edges {
        node {
          id address interface authentication
          edge { id site { id name } }
          session { state diagnosticText transmitIntervalMs detectionTimeMs downs }
        }
      }
    }
  }
`);

type Router = ResultOf<typeof routersQuery>['bfdPeers']['edges'][number]['node'];

const columns: readonly Column<Router>[] = [
  { id: 'at', header: 'At', sort: ({ edge }) => edge.site.name, cell: ({ edge }) => edge.site.name },
  {
    id: 'router',
    header: 'Router',
    sort: ({ address }) => address,
    cell: (router) => (
      <>
        {router.address}
        <span className="second">{router.interface ?? 'several hops away'}</span>
      </>
    ),
  },
  {
    id: 'state',
    header: 'State',
    sort: ({ session }) => session?.state ?? '',
    cell: ({ session }) =>
      session ? <State look={bfdLooks[session.state]} /> : <span className="muted">not told yet</span>,
  },
  {
    id: 'diagnostic',
    header: 'Diagnostic',
    className: 'wrap',
    cell: ({ session }) => session?.diagnosticText ?? '',
  },
  {
    id: 'detection',
    header: 'Detection time',
    align: 'end',
    sort: ({ session }) => session?.detectionTimeMs ?? 0,
    cell: ({ session }) => (session ? formatInterval(session.detectionTimeMs) : '–'),
  },
  {
    id: 'downs',
    header: 'Downs',
    align: 'end',
    sort: ({ session }) => session?.downs ?? 0,
    cell: ({ session }) => session?.downs ?? '–',
  },
];

/** Sessions with routers outside of the fabric; nothing where there is none. */
export function RoutersCard({ site }: { site: string | undefined }) {
  const query = useLiveQuery(routersQuery, { filter: site ? { siteId: site } : {} });
  const rows = query.data?.bfdPeers.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title={`Routers: ${countWords('sessions', rows.length, query.data?.bfdPeers.totalCount)}`}>
      <DataTable
        label="BFD sessions with routers"
        rows={rows}
        columns={columns}
        initialSort="at"
        rowId={({ id }) => id}
        rowTestId={({ session }) => `router-${session?.state ?? 'unknown'}`}
      />
    </Card>
  );
}
