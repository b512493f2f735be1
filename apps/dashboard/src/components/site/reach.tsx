import { IconRadar2 } from '@tabler/icons-react';
import { formatMoment, formatMs } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Message, QueryState } from '../query-state.tsx';
import { SiteLink } from '../site-link.tsx';
import { reachLooks, State } from '../state.tsx';

const reachQuery = graphql(`
  query Reach($id: ID!) {
    reachStates(first: 200, filter: { siteId: $id }) {
      edges { node { id address state since roundTripMs remoteEdge { site { id name } } } }
    }
  }
`);

type ReachState = ResultOf<typeof reachQuery>['reachStates']['edges'][number]['node'];

const columns: readonly Column<ReachState>[] = [
  {
    id: 'site',
    header: 'Site',
    sort: ({ remoteEdge }) => remoteEdge.site.name,
    cell: ({ remoteEdge: { site } }) => <SiteLink site={site} />,
  },
  { id: 'host', header: 'Host', cell: ({ address }) => <span className="mono">{address}</span> },
  {
    id: 'state',
    header: 'State',
    sort: ({ state }) => state,
    cell: ({ state, since }) => <State look={reachLooks[state]} note={`since ${formatMoment(since)}`} />,
  },
  { id: 'rtt', header: 'Round trip', align: 'end', cell: ({ roundTripMs }) => formatMs(roundTripMs) },
];

/** Whether hosts of the other sites answer this one through the tunnels, and which host answers for this one. */
export function Reach({ siteId, reachProbe }: { siteId: string; reachProbe: string | null }) {
  const query = useLiveQuery(reachQuery, { id: siteId });
  return (
    <>
      <p className="card-note">
        {reachProbe ? (
          <>
            <span className="mono">{reachProbe}</span> answers the other sites for this one.
          </>
        ) : (
          'No host here answers for this site yet: name one with Edit.'
        )}
      </p>
      <QueryState query={query}>
        {({ reachStates: { edges } }) =>
          edges.length > 0 ? (
            <DataTable label="Reach" rows={edges.map(({ node }) => node)} columns={columns} rowId={({ id }) => id} />
          ) : (
            <Message icon={IconRadar2} title="Nothing is asked from here">
              <p>A site that names a host of its LAN is asked for a sign of life through the tunnels.</p>
            </Message>
          )
        }
      </QueryState>
    </>
  );
}
