import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Card } from '../page.tsx';
import { SiteLink } from '../site-link.tsx';
import type { BgpFilter } from './form.ts';
import { sessionColumns } from './session-columns.tsx';

const sessionsQuery = graphql(`
  query BgpFabricSessions($filter: BgpFilter) {
    bgpFabricSessions(first: 1000, filter: $filter) {
      edges {
        node {
          id edge { id site { id name } } remoteEdge { id site { name } }
          session { state since received accepted advertised flaps lastError refusal }
        }
      }
    }
  }
`);

type Session = ResultOf<typeof sessionsQuery>['bgpFabricSessions']['edges'][number]['node'];

const columns: readonly Column<Session>[] = [
  { id: 'at', header: 'At', sort: ({ edge }) => edge.site.name, cell: ({ edge }) => <SiteLink site={edge.site} /> },
  { id: 'with', header: 'With', sort: (one) => one.remoteEdge.site.name, cell: (one) => one.remoteEdge.site.name },
  ...sessionColumns<Session>(),
];

/** Sessions between gateways, over the tunnels; nothing where there is none. */
export function FabricCard({ filter }: { filter: BgpFilter }) {
  const query = useLiveQuery(sessionsQuery, { filter });
  const rows = query.data?.bgpFabricSessions.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title="Between gateways">
      <DataTable label="BGP between gateways" rows={rows} columns={columns} initialSort="at" rowId={({ id }) => id} />
    </Card>
  );
}
