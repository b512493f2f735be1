import { IconArrowRight, IconRoute } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { endsFrom, ratesFrom } from '../../tunnels/perspective.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Message, QueryState } from '../query-state.tsx';
import { Rates } from '../rates.tsx';
import { SiteLink } from '../site-link.tsx';
import { tunnelColumns } from '../tunnel-columns.tsx';

const tunnelsQuery = graphql(`
  query SiteTunnels($id: ID!) {
    site(id: $id) {
      id
      tunnels {
        id state since family roundTripMs lossPercent mos aToBBitsPerSecond bToABitsPerSecond
        aToB { lossPercent jitterMs } bToA { lossPercent jitterMs }
        mtu compression { bytesBefore bytesAfter skippedPackets errors }
        a { site { id name } uplink { label } active }
        b { site { id name } uplink { label } active }
      }
    }
  }
`);

type Tunnel = NonNullable<ResultOf<typeof tunnelsQuery>['site']>['tunnels'][number];

function columnsFrom(siteId: string): readonly Column<Tunnel>[] {
  const near = (tunnel: Tunnel) => endsFrom<Tunnel['a']>(tunnel, siteId).near;
  const far = (tunnel: Tunnel) => endsFrom<Tunnel['a']>(tunnel, siteId).far;
  return [
    {
      id: 'to',
      header: 'To',
      sort: (tunnel) => `${far(tunnel).site.name} ${near(tunnel).uplink.label} ${far(tunnel).uplink.label}`,
      cell: (tunnel) => <SiteLink site={far(tunnel).site} />,
    },
    {
      id: 'uplinks',
      header: 'Uplinks',
      cell: (tunnel) => (
        <Link
          to="/tunnels/$tunnelId"
          params={{ tunnelId: tunnel.id }}
          className="link"
          style={{ display: 'inline-flex', alignItems: 'center', gap: 5 }}
        >
          {near(tunnel).uplink.label}
          <IconArrowRight size={13} stroke={1.6} className="muted" aria-label="to" />
          {far(tunnel).uplink.label}
          {tunnel.family === 6 && <span className="muted">IPv6</span>}
        </Link>
      ),
    },
    ...tunnelColumns<Tunnel>({
      isActive: (tunnel) => near(tunnel).active,
      throughput: (tunnel) => <Rates {...ratesFrom(tunnel, tunnel, siteId)} />,
    }),
  ];
}

export function SiteTunnels({ siteId }: { siteId: string }) {
  const query = useLiveQuery(tunnelsQuery, { id: siteId });
  const columns = useMemo(() => columnsFrom(siteId), [siteId]);
  return (
    <QueryState query={query}>
      {({ site }) =>
        site && site.tunnels.length > 0 ? (
          <DataTable
            label="Tunnels"
            rows={site.tunnels}
            columns={columns}
            initialSort="to"
            rowId={(tunnel) => tunnel.id}
          />
        ) : (
          <Message icon={IconRoute} title="No tunnels yet">
            <p>
              Tunnels are made by themselves between gateways whose uplinks can reach each other: enrol a gateway here
              and at one other site.
            </p>
          </Message>
        )
      }
    </QueryState>
  );
}
