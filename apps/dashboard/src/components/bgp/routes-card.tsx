import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Card } from '../page.tsx';

const routesQuery = graphql(`
  query BgpRoutes {
    bgpRoutes(first: 1000) {
      edges {
        node {
          id prefix asPath nextHop communities
          edge { id site { name } } origin { id site { name } } neighbour { id name }
        }
      }
    }
  }
`);

type Route = ResultOf<typeof routesQuery>['bgpRoutes']['edges'][number]['node'];

const columns: readonly Column<Route>[] = [
  { id: 'prefix', header: 'Prefix', sort: ({ prefix }) => prefix, cell: ({ prefix }) => prefix },
  { id: 'at', header: 'At', sort: ({ edge }) => edge.site.name, cell: ({ edge }) => edge.site.name },
  {
    id: 'from',
    header: 'From',
    cell: ({ neighbour, origin, nextHop }) => neighbour?.name ?? origin?.site.name ?? nextHop,
  },
  { id: 'path', header: 'AS path', className: 'wrap', cell: ({ asPath }) => asPath },
  { id: 'communities', header: 'Communities', className: 'wrap', cell: ({ communities }) => communities.join(' ') },
];

/** Best routes that BGP brought, as gateways tell of them; nothing where there is none. */
export function RoutesCard() {
  const query = useLiveQuery(routesQuery, {});
  const rows = query.data?.bgpRoutes.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card title="Routes">
      <DataTable label="Routes from BGP" rows={rows} columns={columns} initialSort="prefix" rowId={({ id }) => id} />
    </Card>
  );
}
