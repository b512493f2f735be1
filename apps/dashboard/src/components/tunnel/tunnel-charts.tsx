import { useMemo } from 'react';
import { formatPercent, formatRate } from '../../format/rate.ts';
import { formatMs } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useOnce } from '../../live/use-once.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { alignSamples } from '../../series/merge.ts';
import { useSeries } from '../../series/use-series.ts';
import { Card } from '../page.tsx';
import { QueryState } from '../query-state.tsx';
import { TimeChart } from '../time-chart.tsx';

const historyQuery = graphql(`
  query TunnelHistory($id: ID!, $seconds: Int!, $points: Int!) {
    tunnel(id: $id) {
      id
      history(seconds: $seconds, points: $points) {
        at roundTripMs aToBBitsPerSecond bToABitsPerSecond
        aToBLossPercent bToALossPercent aToBJitterMs bToAJitterMs
      }
    }
  }
`);

type Sample = NonNullable<ResultOf<typeof historyQuery>['tunnel']>['history'][number];

const windowSeconds = 600;
const stepSeconds = 2;
const whole = { seconds: windowSeconds, points: windowSeconds / stepSeconds };
const newest = { seconds: 20, points: 20 };

interface TunnelChartsProps {
  readonly tunnelId: string;
  /** How both directions are called: `berlin → london`, and back. */
  readonly directions: readonly [string, string];
}

/** Round trip, loss, jitter and throughput of the last ten minutes, going on live. */
export function TunnelCharts({ tunnelId, directions }: TunnelChartsProps) {
  const history = useOnce(historyQuery, { id: tunnelId, ...whole });
  const live = useLiveQuery(historyQuery, { id: tunnelId, ...newest });
  const samples = useSeries(history?.tunnel?.history, live.data?.tunnel?.history, windowSeconds * 1000);
  return (
    <QueryState query={live}>
      {() => (
        <div className="grid grid-two">
          <Chart
            title="Round trip"
            names={['Round trip']}
            reads={roundTrip}
            format={formatMs}
            leastTop={1}
            {...{ samples }}
          />
          <Chart
            title="Throughput"
            names={directions}
            reads={rates}
            format={formatRate}
            leastTop={1000}
            {...{ samples }}
          />
          <Chart title="Loss" names={directions} reads={losses} format={formatPercent} leastTop={1} {...{ samples }} />
          <Chart title="Jitter" names={directions} reads={jitters} format={formatMs} leastTop={1} {...{ samples }} />
        </div>
      )}
    </QueryState>
  );
}

type Read = (sample: Sample) => number | null;
const roundTrip: readonly Read[] = [(sample) => sample.roundTripMs];
const rates: readonly Read[] = [(sample) => sample.aToBBitsPerSecond, (sample) => sample.bToABitsPerSecond];
const losses: readonly Read[] = [(sample) => sample.aToBLossPercent, (sample) => sample.bToALossPercent];
const jitters: readonly Read[] = [(sample) => sample.aToBJitterMs, (sample) => sample.bToAJitterMs];

interface ChartProps {
  readonly title: string;
  readonly samples: readonly Sample[];
  readonly names: readonly string[];
  readonly reads: readonly Read[];
  readonly format: (value: number) => string;
  readonly leastTop: number;
}

function Chart({ title, samples, names, reads, format, leastTop }: ChartProps) {
  const { xs, series } = useMemo(() => {
    const columns = reads.map((read) => alignSamples([samples], read, stepSeconds));
    return {
      xs: columns[0]?.xs ?? [],
      series: columns.map(({ values }, index) => ({
        label: names[index] ?? '',
        colour: index + 1,
        values: values[0] ?? [],
        ...(index === 0 && { fill: true }),
      })),
    };
  }, [samples, names, reads]);
  return (
    <Card title={title}>
      <div className="card-body">
        <TimeChart
          label={`${title} of this tunnel`}
          {...{ xs, series, format, windowSeconds, leastTop }}
          height={160}
        />
      </div>
    </Card>
  );
}
