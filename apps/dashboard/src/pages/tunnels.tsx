import { IconRoute } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { SiteStateFilter } from '../components/site-state-filter.tsx';
import { State, tunnelLooks } from '../components/state.tsx';
import { Tabs, tunnelTabs } from '../components/tabs.tsx';
import { countWords } from '../format/count.ts';
import { mosWords } from '../format/quality.ts';
import { formatPercent, formatRate } from '../format/rate.ts';
import { formatMoment, formatMs } from '../format/time.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import type { TunnelsSearch } from '../search.ts';

const tunnelsQuery = graphql(`
  query Tunnels($filter: TunnelFilter) {
    tunnels(first: 1000, filter: $filter) {
      totalCount
      edges {
        node {
          id state since roundTripMs mos aToBBitsPerSecond bToABitsPerSecond
          aToB { lossPercent jitterMs }
          bToA { lossPercent jitterMs }
          a { site { id name } uplink { label } active }
          b { site { id name } uplink { label } active }
        }
      }
    }
  }
`);

type Tunnel = ResultOf<typeof tunnelsQuery>['tunnels']['edges'][number]['node'];

const last = Number.POSITIVE_INFINITY;
const worse = (tunnel: Tunnel, read: (direction: NonNullable<Tunnel['aToB']>) => number) =>
  Math.max(...[tunnel.aToB, tunnel.bToA].flatMap((direction) => (direction ? [read(direction)] : [])));
const orLast = (value: number) => (value === Number.NEGATIVE_INFINITY ? last : value);

const columns: readonly Column<Tunnel>[] = [
  {
    id: 'between',
    header: 'Between',
    sort: ({ a, b }) => `${a.site.name} ${b.site.name} ${a.uplink.label} ${b.uplink.label}`,
    cell: ({ id, a, b }) => (
      <>
        <Link to="/tunnels/$tunnelId" params={{ tunnelId: id }} className="link">
          {a.site.name} – {b.site.name}
        </Link>
        <span className="second">
          {a.uplink.label} – {b.uplink.label}
        </span>
      </>
    ),
  },
  {
    id: 'state',
    header: 'State',
    sort: ({ state }) => state,
    cell: ({ state, since }) => <State look={tunnelLooks[state]} note={`since ${formatMoment(since)}`} />,
  },
  {
    id: 'traffic',
    header: 'Traffic',
    sort: ({ a, b }) => Number(!(a.active || b.active)),
    cell: ({ a, b }) =>
      a.active || b.active ? <span className="in-use">In use</span> : <span className="muted">Standby</span>,
  },
  {
    id: 'rtt',
    header: 'Round trip',
    align: 'end',
    sort: ({ roundTripMs }) => roundTripMs ?? last,
    cell: ({ roundTripMs }) => formatMs(roundTripMs),
  },
  {
    id: 'loss',
    header: 'Loss out · back',
    align: 'end',
    sort: (tunnel) => orLast(worse(tunnel, ({ lossPercent }) => lossPercent)),
    cell: ({ aToB, bToA }) => (
      <Both first={formatPercent(aToB?.lossPercent)} second={formatPercent(bToA?.lossPercent)} />
    ),
  },
  {
    id: 'jitter',
    header: 'Jitter out · back',
    align: 'end',
    sort: (tunnel) => orLast(worse(tunnel, ({ jitterMs }) => jitterMs)),
    cell: ({ aToB, bToA }) => <Both first={formatMs(aToB?.jitterMs)} second={formatMs(bToA?.jitterMs)} />,
  },
  {
    id: 'mos',
    header: 'Voice (MOS)',
    align: 'end',
    sort: ({ mos }) => mos ?? 0,
    cell: ({ mos }) => (
      <span title={mosWords(mos).word}>
        {mosWords(mos).value} {mos !== null && <span className="muted">{mosWords(mos).word}</span>}
      </span>
    ),
  },
  {
    id: 'throughput',
    header: 'Throughput',
    align: 'end',
    sort: (tunnel) => tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond,
    cell: (tunnel) => formatRate(tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond),
  },
];

function Both({ first, second }: { first: string; second: string }) {
  return (
    <>
      {first} <span className="muted">·</span> {second}
    </>
  );
}

/** How every tunnel does, in both directions: out is from the site named first. Filter and order live in the URL. */
export function TunnelsPage() {
  const { site, state, sort = 'between', desc = false } = useSearch({ from: '/inside/tunnels' });
  const navigate = useNavigate({ from: '/tunnels' });
  const query = useLiveQuery(tunnelsQuery, { filter: { ...(site && { siteId: site }), ...(state && { state }) } });
  const edges = query.data?.tunnels.edges;
  const rows = useMemo(() => edges?.map(({ node }) => node) ?? [], [edges]);
  const change = (filter: TunnelsSearch) => void navigate({ search: (old) => ({ ...old, ...filter }), replace: true });
  const filter = (
    <SiteStateFilter
      anySite="Any site"
      site={site}
      state={state}
      looks={tunnelLooks}
      onChange={(next) => change(next as TunnelsSearch)}
    />
  );
  return (
    <Page title="Tunnels" lead="What is measured of every path, in both directions, live">
      <Tabs label="Tunnels" tabs={tunnelTabs} />
      <Card title={countWords('tunnels', rows.length, query.data?.tunnels.totalCount)} aside={filter}>
        <QueryState query={query}>
          {() =>
            rows.length > 0 ? (
              <DataTable
                label="Tunnels"
                rows={rows}
                columns={columns}
                rowId={({ id }) => id}
                sorting={{ id: sort, desc }}
                onSort={({ id, desc }) =>
                  void navigate({
                    search: ({ desc: _, ...rest }) => ({ ...rest, sort: id, ...(desc && { desc }) }),
                    replace: true,
                  })
                }
              />
            ) : (
              <Message icon={IconRoute} title={site || state ? 'No tunnel matches this filter' : 'No tunnels yet'}>
                <p>Tunnels are made by themselves once two gateways are enrolled.</p>
              </Message>
            )
          }
        </QueryState>
      </Card>
    </Page>
  );
}
