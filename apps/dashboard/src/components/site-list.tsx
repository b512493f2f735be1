import { IconMapPinPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';
import { Message, QueryState } from './query-state.tsx';
import { Rates } from './rates.tsx';
import { State, siteLooks } from './state.tsx';
import { TunnelMeter } from './tunnel-meter.tsx';

const sitesQuery = graphql(`
  query OverviewSites {
    sites(first: 100, sort: { field: NAME }) {
      edges {
        node { id name location state tunnelCounts { up total } receivedBitsPerSecond sentBitsPerSecond }
      }
    }
  }
`);

/** Every site with its state, for the overview. */
export function SiteList() {
  const query = useLiveQuery(sitesQuery, {});
  const may = useMay();
  return (
    <QueryState query={query}>
      {({ sites: { edges } }) =>
        edges.length === 0 ? (
          <Message icon={IconMapPinPlus} title="No sites yet">
            {may('site.add') && (
              <p>
                <Link to="/sites">Add one here</Link>, or with <code>patronus site add</code>.
              </p>
            )}
          </Message>
        ) : (
          edges.map(({ node: site }) => (
            <Link key={site.id} to="/sites/$siteId" params={{ siteId: site.id }} className="list-row">
              <span className="grow">
                <span style={{ fontWeight: 560 }}>{site.name}</span>
                <span className="muted clip" style={{ display: 'block', fontSize: '0.75rem' }}>
                  {site.location || 'no location'}
                </span>
              </span>
              <span className="list-meter">
                <TunnelMeter {...site.tunnelCounts} />
              </span>
              <span className="list-rates">
                <Rates received={site.receivedBitsPerSecond} sent={site.sentBitsPerSecond} />
              </span>
              <span className="list-state">
                <State look={siteLooks[site.state]} />
              </span>
            </Link>
          ))
        )
      }
    </QueryState>
  );
}
