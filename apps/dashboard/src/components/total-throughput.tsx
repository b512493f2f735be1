import { useMemo } from 'react';
import { formatRate } from '../format/rate.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { useOnce } from '../live/use-once.ts';
import { graphql } from '../queries/graphql.ts';
import { alignSamples } from '../series/merge.ts';
import { useSeries } from '../series/use-series.ts';
import { QueryState } from './query-state.tsx';
import { TimeChart } from './time-chart.tsx';

const historyQuery = graphql(`
  query ThroughputHistory($seconds: Int!) {
    overview { throughputHistory(seconds: $seconds) { at receivedBitsPerSecond sentBitsPerSecond } }
  }
`);

const windowSeconds = 600;
/** Live values overlap the history a little, so that a short pause of the socket leaves no gap. */
const liveSeconds = 20;

export function TotalThroughput() {
  const history = useOnce(historyQuery, { seconds: windowSeconds });
  const live = useLiveQuery(historyQuery, { seconds: liveSeconds });
  const points = useSeries(
    history?.overview.throughputHistory,
    live.data?.overview.throughputHistory,
    windowSeconds * 1000,
  );
  const { xs, series } = useMemo(() => {
    const received = alignSamples([points], (point) => point.receivedBitsPerSecond, 1);
    const sent = alignSamples([points], (point) => point.sentBitsPerSecond, 1);
    return {
      xs: received.xs,
      series: [
        { label: 'Received', colour: 1, values: received.values[0] ?? [], fill: true },
        { label: 'Sent', colour: 2, values: sent.values[0] ?? [] },
      ],
    };
  }, [points]);
  return (
    <QueryState query={live}>
      {() => (
        <TimeChart
          label="Throughput of all tunnels"
          xs={xs}
          series={series}
          format={formatRate}
          windowSeconds={windowSeconds}
          height={210}
          leastTop={1000}
        />
      )}
    </QueryState>
  );
}
