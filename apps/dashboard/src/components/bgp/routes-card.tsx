import { prefixOrder } from '../../bgp/ranges.ts';
import { countWords } from '../../format/count.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Card } from '../page.tsx';
import { SiteLink } from '../site-link.tsx';
import type { BgpFilter } from './form.ts';

const routesQuery = graphql(`
  query BgpRoutes($filter: BgpFilter) {
    bgpRoutes(first: 1000, filter: $filter) {
      totalCount
      edges {
        node {
          id prefix asPath nextHop communities
          edge { id site { id name } } origin { id site { id name } } neighbour { id name }
        }
      }
    }
  }
`);

type Route = ResultOf<typeof routesQuery>['bgpRoutes']['edges'][number]['node'];

const columns: readonly Column<Route>[] = [
  {
    id: 'prefix',
    header: 'Prefix',
    sort: ({ prefix, edge }) => `${prefixOrder(prefix)} ${edge.site.name}`,
    cell: ({ prefix }) => <span className="mono">{prefix}</span>,
  },
  { id: 'at', header: 'At', sort: ({ edge }) => edge.site.name, cell: ({ edge }) => <SiteLink site={edge.site} /> },
  {
    id: 'from',
    header: 'From',
    sort: (route) => route.neighbour?.name ?? route.origin?.site.name ?? '',
    cell: (route) => (
      <>
        {route.neighbour?.name ?? route.origin?.site.name}
        <span className="second">next hop {route.nextHop}</span>
      </>
    ),
  },
  { id: 'path', header: 'AS path', className: 'wrap', cell: ({ asPath }) => asPath },
  { id: 'communities', header: 'Communities', className: 'wrap', cell: ({ communities }) => communities.join(' ') },
];

/** Best routes that BGP brought, as gateways tell of them; nothing where there is none. */
export function RoutesCard({ filter }: { filter: BgpFilter }) {
  const query = useLiveQuery(routesQuery, { filter });
  const rows = query.data?.bgpRoutes.edges.map(({ node }) => node) ?? [];
  if (rows.length === 0) return null;
  return (
    <Card
      title="Routes"
      aside={
        <span className="muted">
          {countWords('best routes', rows.length, query.data?.bgpRoutes.totalCount)}; each gateway tells of its first
          256
        </span>
      }
    >
      <DataTable label="Routes from BGP" rows={rows} columns={columns} initialSort="prefix" rowId={({ id }) => id} />
    </Card>
  );
}
