import { IconPlugConnected } from '@tabler/icons-react';
import { formatPercent, formatRate } from '../../format/rate.ts';
import { formatAgo, formatMoment, formatMs } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useNow } from '../../live/use-now.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { waitingWords } from '../../queues/words.ts';
import { Message, QueryState } from '../query-state.tsx';
import { QueueTable } from '../queue-table.tsx';
import { drainedLook, reachLooks, State, uplinkLooks } from '../state.tsx';
import { TunnelMeter } from '../tunnel-meter.tsx';
import { DrainButton } from './drain-button.tsx';

const uplinksQuery = graphql(`
  query SiteUplinks($id: ID!) {
    site(id: $id) {
      id
      uplinks {
        id label interface domain cost port bitsPerSecond publicEndpoints probeTargets state addresses isDrained
        breakout { state since roundTripMs lossPercent }
        shaping { bitsPerSecond waitingPackets waitingBytes queues { priority sentPackets sentBytes droppedPackets markedPackets delayP50Ms delayP99Ms delayHighestMs } }
        tunnelCounts { up total }
      }
    }
  }
`);

type Uplink = NonNullable<ResultOf<typeof uplinksQuery>['site']>['uplinks'][number];

/** The lines that lead outside: their state, whether they reach the internet, and taking them out of service. */
export function Uplinks({ siteId }: { siteId: string }) {
  const query = useLiveQuery(uplinksQuery, { id: siteId });
  return (
    <QueryState query={query}>
      {({ site }) =>
        site && site.uplinks.length > 0 ? (
          site.uplinks.map((uplink) => <UplinkBlock key={uplink.id} uplink={uplink} />)
        ) : (
          <Message icon={IconPlugConnected} title="No uplinks">
            <p>Edit the site and add the interfaces that lead outside.</p>
          </Message>
        )
      }
    </QueryState>
  );
}

function UplinkBlock({ uplink }: { uplink: Uplink }) {
  const { label, isDrained, breakout } = uplink;
  const now = useNow();
  return (
    <div className="block" data-testid={`uplink-${label}`}>
      <div className="block-head">
        <strong>{label}</strong>
        <State look={uplinkLooks[uplink.state]} />
        {isDrained && <State look={drainedLook} />}
        <span className="grow" />
        <TunnelMeter {...uplink.tunnelCounts} />
        <DrainButton uplink={uplink} />
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
        {uplink.probeTargets.length > 0 && (
          <>
            <dt>Probes</dt>
            <dd className="mono">{uplink.probeTargets.join(', ')}</dd>
          </>
        )}
        {breakout && (
          <>
            <dt>Internet</dt>
            <dd>
              <State look={reachLooks[breakout.state]} note={`since ${formatMoment(breakout.since)}`} />{' '}
              <span className="muted">
                {formatMs(breakout.roundTripMs)} · loss {formatPercent(breakout.lossPercent)} · since{' '}
                {formatAgo(breakout.since, now)}
              </span>
            </dd>
          </>
        )}
        {uplink.shaping && (
          <>
            <dt>Shaped</dt>
            <dd>
              to {formatRate(uplink.shaping.bitsPerSecond)}{' '}
              <span className="muted">· {waitingWords(uplink.shaping)}</span>
            </dd>
          </>
        )}
      </dl>
      {uplink.shaping && <QueueTable label={`Queues before ${label}`} queues={uplink.shaping.queues} />}
    </div>
  );
}
