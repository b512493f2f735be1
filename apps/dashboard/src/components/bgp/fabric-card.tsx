import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Card } from '../page.tsx';
import { bgpLooks, State } from '../state.tsx';

const sessionsQuery = graphql(`
  query BgpFabricSessions {
    bgpFabricSessions(first: 1000) {
      edges {
        node {
          id edge { id site { name } } remoteEdge { id site { name } }
          session { state received accepted advertised flaps lastError refusal }
        }
      }
    }
  }
`);

type Session = ResultOf<typeof sessionsQuery>['bgpFabricSessions']['edges'][number]['node'];

const columns: readonly Column<Session>[] = [
  { id: 'at', header: 'At', sort: ({ edge }) => edge.site.name, cell: ({ edge }) => edge.site.name },
  { id: 'with', header: 'With', sort: (one) => one.remoteEdge.site.name, cell: (one) => one.remoteEdge.site.name },
  {
    id: 'state',
    header: 'State',
    sort: ({ session }) => session.state,
    cell: ({ session }) => <State look={bgpLooks[session.state]} />,
  },
  { id: 'accepted', header: 'Prefixes in', align: 'end', cell: ({ session }) => session.accepted },
  { id: 'advertised', header: 'Out', align: 'end', cell: ({ session }) => session.advertised },
  { id: 'flaps', header: 'Flaps', align: 'end', cell: ({ session }) => session.flaps },
  {
    id: 'words',
    header: 'Last error',
    className: 'wrap',
    cell: ({ session }) => session.refusal ?? session.lastError ?? '',
  },
];

/** Sessions between gateways, over the tunnels; nothing where there is none. */
export function FabricCard() {
  const query = useLiveQuery(sessionsQuery, {});
  const rows = query.data?.bgpFabricSessions.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title="Between gateways">
      <DataTable label="BGP between gateways" rows={rows} columns={columns} initialSort="at" rowId={({ id }) => id} />
    </Card>
  );
}
