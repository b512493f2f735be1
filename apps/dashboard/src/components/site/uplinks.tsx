import { IconPlugConnected } from '@tabler/icons-react';
import { formatRate } from '../../format/rate.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql } from '../../queries/graphql.ts';
import { Message, QueryState } from '../query-state.tsx';
import { State, uplinkLooks } from '../state.tsx';
import { TunnelMeter } from '../tunnel-meter.tsx';

const uplinksQuery = graphql(`
  query SiteUplinks($id: ID!) {
    site(id: $id) {
      id
      uplinks {
        id label interface domain cost port bitsPerSecond publicEndpoints state addresses
        tunnelCounts { up total }
      }
    }
  }
`);

export function Uplinks({ siteId }: { siteId: string }) {
  const query = useLiveQuery(uplinksQuery, { id: siteId });
  return (
    <QueryState query={query}>
      {({ site }) =>
        site && site.uplinks.length > 0 ? (
          site.uplinks.map((uplink) => (
            <div className="block" key={uplink.id}>
              <div className="block-head">
                <strong>{uplink.label}</strong>
                <State look={uplinkLooks[uplink.state]} />
                <span className="grow" />
                <TunnelMeter {...uplink.tunnelCounts} />
              </div>
              <dl className="facts">
                <dt>Interface</dt>
                <dd>
                  <span className="mono">{uplink.interface}</span>{' '}
                  <span className="muted">
                    UDP {uplink.port} · cost {uplink.cost} · domain {uplink.domain}
                    {uplink.bitsPerSecond !== null && ` · ${formatRate(uplink.bitsPerSecond)}`}
                  </span>
                </dd>
                <dt>Addresses</dt>
                <dd className="mono">{[...uplink.addresses, ...uplink.publicEndpoints].join(', ') || '–'}</dd>
              </dl>
            </div>
          ))
        ) : (
          <Message icon={IconPlugConnected} title="No uplinks">
            <p>Edit the site and add the interfaces that lead outside.</p>
          </Message>
        )
      }
    </QueryState>
  );
}
