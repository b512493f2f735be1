import { useMemo } from 'react';
import { formatRate } from '../../format/rate.ts';
import { formatMs } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useOnce } from '../../live/use-once.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { alignSamples, sumColumns } from '../../series/merge.ts';
import { useSeriesById } from '../../series/use-series.ts';
import { endsFrom, ratesFrom } from '../../tunnels/perspective.ts';
import { Card } from '../page.tsx';
import { QueryState } from '../query-state.tsx';
import { TimeChart } from '../time-chart.tsx';

const historyQuery = graphql(`
  query SiteHistory($id: ID!, $seconds: Int!, $points: Int!) {
    site(id: $id) {
      id
      tunnels {
        id state
        a { site { id name } uplink { label } active }
        b { site { id name } uplink { label } active }
        history(seconds: $seconds, points: $points) { at roundTripMs aToBBitsPerSecond bToABitsPerSecond }
      }
    }
  }
`);

type Tunnel = NonNullable<ResultOf<typeof historyQuery>['site']>['tunnels'][number];

const windowSeconds = 600;
/** History comes with a point every two seconds; live samples are put on the same grid. */
const stepSeconds = 2;
const whole = { seconds: windowSeconds, points: windowSeconds / stepSeconds };
const newest = { seconds: 20, points: 20 };
const colours = 6;

/** Throughput of the site and round-trip time of its tunnels over the last ten minutes, going on live. */
export function SiteCharts({ siteId }: { siteId: string }) {
  const history = useOnce(historyQuery, { id: siteId, ...whole });
  const live = useLiveQuery(historyQuery, { id: siteId, ...newest });
  return (
    <QueryState query={live}>
      {({ site }) =>
        // Without tunnels the table below says why there is nothing to measure.
        site && site.tunnels.length > 0 ? (
          <Charts siteId={siteId} history={history?.site?.tunnels} live={site.tunnels} />
        ) : null
      }
    </QueryState>
  );
}

interface ChartsProps {
  readonly siteId: string;
  readonly history: readonly Tunnel[] | undefined;
  readonly live: readonly Tunnel[];
}

function Charts({ siteId, history, live }: ChartsProps) {
  const samples = useSeriesById(history, live, windowSeconds * 1000);
  const throughput = useMemo(() => {
    const all = live.map(({ id }) => samples.get(id) ?? []);
    const received = alignSamples(
      all.map(tag(live)),
      ({ tunnel, sample }) => ratesFrom(tunnel, sample, siteId).received,
      stepSeconds,
    );
    const sent = alignSamples(
      all.map(tag(live)),
      ({ tunnel, sample }) => ratesFrom(tunnel, sample, siteId).sent,
      stepSeconds,
    );
    return {
      xs: received.xs,
      series: [
        { label: 'Received', colour: 1, values: sumColumns(received), fill: true },
        { label: 'Sent', colour: 2, values: sumColumns(sent) },
      ],
    };
  }, [samples, live, siteId]);
  const roundTrip = useMemo(() => {
    const { xs, values } = alignSamples(
      live.map(({ id }) => samples.get(id) ?? []),
      (sample) => sample.roundTripMs,
      stepSeconds,
    );
    const series = live.map((tunnel, index) => {
      const { near, far } = endsFrom<Tunnel['a']>(tunnel, siteId);
      return {
        rank: tunnel.state === 'DOWN' ? 2 : near.active ? 0 : 1,
        label: `${far.site.name}  ${near.uplink.label} → ${far.uplink.label}`,
        // By place in the list and not by rank: a line keeps its colour when traffic moves to another.
        colour: (index % colours) + 1,
        isDashed: index >= colours,
        isBold: near.active,
        ...(tunnel.state === 'DOWN' && { mutedAs: 'down' }),
        values: values[index] ?? [],
      };
    });
    series.sort((a, b) => a.rank - b.rank || (a.label < b.label ? -1 : 1));
    return { xs, series };
  }, [samples, live, siteId]);
  return (
    <div className="grid grid-two">
      <Card title="Throughput">
        <div className="card-body">
          <TimeChart
            label="Throughput of this site"
            {...throughput}
            format={formatRate}
            windowSeconds={windowSeconds}
            leastTop={1000}
          />
        </div>
      </Card>
      <Card title="Round-trip time">
        <div className="card-body">
          <TimeChart
            label="Round-trip time of each tunnel"
            {...roundTrip}
            format={formatMs}
            windowSeconds={windowSeconds}
            leastTop={1}
          />
        </div>
      </Card>
    </div>
  );
}

/** Samples that know their tunnel, for values that depend on which end the site is. */
function tag(tunnels: readonly Tunnel[]) {
  return (samples: readonly Tunnel['history'][number][], index: number) => {
    const tunnel = tunnels[index];
    return tunnel ? samples.map((sample) => ({ at: sample.at, tunnel, sample })) : [];
  };
}
