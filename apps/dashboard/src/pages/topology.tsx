import { SegmentedControl } from '@mantine/core';
import { IconTopologyStar3 } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Page } from '../components/page.tsx';
import { Lines, Message, QueryState } from '../components/query-state.tsx';
import { SitePanel, TunnelPanel } from '../components/topology/detail-panel.tsx';
import { TopologyMap } from '../components/topology/topology-map.tsx';
import { TunnelList } from '../components/topology/tunnel-list.tsx';
import { useLiveQuery } from '../live/use-live-query.ts';
import { useMay } from '../rights/use-may.ts';
import {
  type MapSite,
  type MapTunnel,
  type Selection,
  topologySitesQuery,
  topologyTunnelsQuery,
} from '../topology/model.ts';

/** Sites and the tunnels between them, as they are now. What is chosen is in the URL, so it can be sent to somebody. */
export function TopologyPage() {
  const { view, site, tunnel } = useSearch({ from: '/inside/topology' });
  const navigate = useNavigate({ from: '/topology' });
  const sites = useLiveQuery(topologySitesQuery, {});
  const tunnels = useLiveQuery(topologyTunnelsQuery, {});
  const select = (selection: Selection) =>
    void navigate({ search: { ...(view && { view }), ...selection } as never, replace: true });
  const switcher = (
    <SegmentedControl
      size="xs"
      value={view ?? 'map'}
      data={[
        { value: 'map', label: 'Map' },
        { value: 'list', label: 'List' },
      ]}
      onChange={(next) =>
        void navigate({
          search: ({ view: _, ...rest }) => ({ ...rest, ...(next === 'list' && { view: 'list' as const }) }),
        })
      }
    />
  );
  return (
    <Page title="Topology" lead="Every tunnel, and whether it carries traffic now" actions={switcher}>
      <QueryState query={sites} skeleton={<Lines count={6} />}>
        {({ sites }) => (
          <QueryState query={tunnels} skeleton={<Lines count={6} />}>
            {({ tunnels }) => (
              <Stage
                isList={view === 'list'}
                sites={sites.edges.map(({ node }) => node)}
                tunnels={tunnels.edges.map(({ node }) => node)}
                selection={{ site, tunnel }}
                onSelect={select}
              />
            )}
          </QueryState>
        )}
      </QueryState>
    </Page>
  );
}

interface StageProps {
  readonly isList: boolean;
  readonly sites: readonly MapSite[];
  readonly tunnels: readonly MapTunnel[];
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
}

function Stage({ isList, sites, tunnels, selection, onSelect }: StageProps) {
  const may = useMay();
  const site = sites.find(({ id }) => id === selection.site);
  const tunnel = tunnels.find(({ id }) => id === selection.tunnel);
  if (sites.length === 0) {
    return (
      <div className="card">
        <Message icon={IconTopologyStar3} title="No sites to draw yet">
          {may('site.add') && (
            <p>
              <Link to="/sites">Add a site</Link>, or use <code>patronus site add</code>. Tunnels appear by themselves
              once two gateways are enrolled.
            </p>
          )}
        </Message>
      </div>
    );
  }
  return (
    <div className="card topology" data-panel={Boolean(site || tunnel)}>
      {isList ? (
        <TunnelList tunnels={tunnels} onSelect={(id) => onSelect({ tunnel: id })} />
      ) : (
        <TopologyMap sites={sites} tunnels={tunnels} selection={selection} onSelect={onSelect} />
      )}
      {tunnel && <TunnelPanel key={tunnel.id} tunnel={tunnel} onClose={() => onSelect({})} />}
      {!tunnel && site && (
        <SitePanel
          key={site.id}
          site={site}
          tunnels={tunnels}
          onClose={() => onSelect({})}
          onTunnel={(id) => onSelect({ tunnel: id })}
        />
      )}
    </div>
  );
}
