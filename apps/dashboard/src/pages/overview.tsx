import { Skeleton } from '@mantine/core';
import { IconActivity, IconBell, IconMapPin, IconRoute } from '@tabler/icons-react';
import { AlarmList } from '../components/alarm-list.tsx';
import { Card, Page } from '../components/page.tsx';
import { Lines, QueryState } from '../components/query-state.tsx';
import { SiteList } from '../components/site-list.tsx';
import { StatCard } from '../components/stat-card.tsx';
import { TotalThroughput } from '../components/total-throughput.tsx';
import { rateParts } from '../format/rate.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';

const overviewQuery = graphql(`
  query Overview {
    overview {
      sites { up degraded down pending total }
      edges { online total }
      tunnels { up total }
      throughputBitsPerSecond
      activeAlarms
      controllerVersion
    }
  }
`);

type Overview = ResultOf<typeof overviewQuery>['overview'];

/** The whole network on one screen: is it well, how much does it carry, what needs somebody. */
export function OverviewPage() {
  const query = useLiveQuery(overviewQuery, {});
  return (
    <Page title="Overview" lead="The whole network, live">
      <QueryState query={query} skeleton={<StatSkeleton />}>
        {({ overview }) => <Stats overview={overview} />}
      </QueryState>
      <div className="grid">
        <Card title="Throughput" aside={<span className="muted">all tunnels, last 10 minutes</span>}>
          <div className="card-body">
            <TotalThroughput />
          </div>
        </Card>
      </div>
      <div className="grid grid-wide">
        <Card title="Sites">
          <SiteList />
        </Card>
        <Card title="Active alarms">
          <AlarmList />
        </Card>
      </div>
      {query.data && <p className="page-lead">Controller {query.data.overview.controllerVersion}</p>}
    </Page>
  );
}

function Stats({ overview: { sites, edges, tunnels, throughputBitsPerSecond, activeAlarms } }: { overview: Overview }) {
  const rate = rateParts(throughputBitsPerSecond);
  const down = tunnels.total - tunnels.up;
  return (
    <div className="grid grid-stats">
      <StatCard
        label="Sites"
        icon={<IconMapPin size={16} stroke={1.7} />}
        to="/sites"
        value={<span data-testid="overview-sites-total">{sites.total}</span>}
        note={siteNote(sites)}
      />
      <StatCard
        label="Tunnels up"
        icon={<IconRoute size={16} stroke={1.7} />}
        to="/topology"
        value={
          <>
            <span data-testid="overview-tunnels-up">{tunnels.up}</span>
            <small>
              of <span data-testid="overview-tunnels-total">{tunnels.total}</span>
            </small>
          </>
        }
        note={
          down > 0
            ? `${down} not up · ${edges.online} of ${edges.total} gateways online`
            : `${edges.online} of ${edges.total} gateways online`
        }
      />
      <StatCard
        label="Throughput"
        icon={<IconActivity size={16} stroke={1.7} />}
        value={
          <>
            {rate.value}
            <small>{rate.unit}</small>
          </>
        }
        note="inside all tunnels, now"
      />
      <StatCard
        label="Active alarms"
        icon={<IconBell size={16} stroke={1.7} />}
        value={activeAlarms}
        note={activeAlarms === 0 ? 'nothing needs attention' : 'see below'}
      />
    </div>
  );
}

function siteNote({ up, degraded, down, pending, total }: Overview['sites']): string {
  if (total === 0) return 'none yet';
  const parts = [
    [up, 'up'],
    [degraded, 'degraded'],
    [down, 'down'],
    [pending, 'waiting'],
  ] as const;
  return parts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(' · ');
}

function StatSkeleton() {
  return (
    <div className="grid grid-stats">
      {['sites', 'tunnels', 'throughput', 'alarms'].map((name) => (
        <div className="card" key={name}>
          <Lines count={2} />
          <Skeleton height={0} />
        </div>
      ))}
    </div>
  );
}
