import { Button } from '@mantine/core';
import { IconRouteOff, IconZoomQuestion } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { bfdColumns } from '../components/bfd-columns.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { RecentDecisions } from '../components/decisions/recent-decisions.tsx';
import { Card, Page } from '../components/page.tsx';
import { PathList } from '../components/paths/path-list.tsx';
import { Lines, Message, QueryState } from '../components/query-state.tsx';
import { StatCard } from '../components/stat-card.tsx';
import { State, tunnelLooks } from '../components/state.tsx';
import { Directions } from '../components/tunnel/directions.tsx';
import { Ends } from '../components/tunnel/ends.tsx';
import { TunnelCharts } from '../components/tunnel/tunnel-charts.tsx';
import { explainBetween } from '../explain/links.ts';
import { mosWords } from '../format/quality.ts';
import { formatPercent, formatRate, rateParts } from '../format/rate.ts';
import { formatAgo, formatMs } from '../format/time.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { formatBytes, ratioWords } from '../policies/words.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';

const tunnelQuery = graphql(`
  query Tunnel($id: ID!) {
    tunnel(id: $id) {
      id state since family roundTripMs lossPercent mos mtu aToBBitsPerSecond bToABitsPerSecond
      aToB { packets lossPercent jitterMs delayChangeMs capacityBitsPerSecond }
      bToA { packets lossPercent jitterMs delayChangeMs capacityBitsPerSecond }
      compression { bytesBefore bytesAfter skippedPackets errors }
      a { site { id name reachProbe prefixes { prefix } } uplink { label interface isDrained shaping { bitsPerSecond waitingPackets waitingBytes queues { priority sentPackets sentBytes droppedPackets markedPackets delayP50Ms delayP99Ms delayHighestMs } } } state active remoteEndpoint lastHandshakeAt mtu }
      b { site { id name reachProbe prefixes { prefix } } uplink { label interface isDrained shaping { bitsPerSecond waitingPackets waitingBytes queues { priority sentPackets sentBytes droppedPackets markedPackets delayP50Ms delayP99Ms delayHighestMs } } } state active remoteEndpoint lastHandshakeAt mtu }
      bfdSessions {
        id state remoteState diagnostic diagnosticText remoteDiagnostic remoteDiagnosticText
        transmitIntervalMs detectionTimeMs downs localDiscriminator remoteDiscriminator
        edge { id site { name } }
      }
    }
  }
`);

type Tunnel = NonNullable<ResultOf<typeof tunnelQuery>['tunnel']>;
type Session = Tunnel['bfdSessions'][number];

const sessionColumns: readonly Column<Session>[] = [
  { id: 'at', header: 'At', cell: ({ edge }) => <strong>{edge.site.name}</strong> },
  ...bfdColumns<Session>(),
];

/** One tunnel: how it does in both directions, now and over time, and what takes it. */
export function TunnelPage() {
  const { tunnelId } = useParams({ from: '/inside/tunnels/$tunnelId' });
  const query = useLiveQuery(tunnelQuery, { id: tunnelId });
  return (
    <QueryState query={query} skeleton={<Lines count={8} />}>
      {({ tunnel }) => (tunnel ? <TunnelView key={tunnel.id} tunnel={tunnel} /> : <NoTunnel />)}
    </QueryState>
  );
}

function TunnelView({ tunnel }: { tunnel: Tunnel }) {
  const { id, a, b, state, since, family, bfdSessions } = tunnel;
  const [nameA, nameB] = [a.site.name, b.site.name];
  const directions = useMemo(() => [`${nameA} → ${nameB}`, `${nameB} → ${nameA}`] as const, [nameA, nameB]);
  const title = (
    <>
      {nameA} – {nameB} <State look={tunnelLooks[state]} />
    </>
  );
  const lead = (
    <>
      {a.uplink.label} – {b.uplink.label} · IPv{family} outside · {tunnelLooks[state].label.toLowerCase()} since{' '}
      {formatAgo(since, Date.now())}
    </>
  );
  const explainLink = (
    <Button
      component={Link}
      to="/explain"
      search={explainBetween(a.site, b.site) as never}
      variant="default"
      leftSection={<IconZoomQuestion size={15} />}
    >
      Explain a flow
    </Button>
  );
  return (
    <Page title={title} tab={`${nameA} – ${nameB}`} lead={lead} actions={explainLink}>
      <Stats tunnel={tunnel} />
      <div className="grid">
        <Card title="Quality" aside={<span className="muted">last seconds, as each receiver measured it</span>}>
          <Directions
            directions={[
              { from: nameA, to: nameB, bitsPerSecond: tunnel.aToBBitsPerSecond, quality: tunnel.aToB },
              { from: nameB, to: nameA, bitsPerSecond: tunnel.bToABitsPerSecond, quality: tunnel.bToA },
            ]}
          />
        </Card>
      </div>
      <TunnelCharts tunnelId={id} directions={directions} />
      <div className="grid">
        <Card title="BFD" aside={<span className="muted">one session at each end</span>}>
          {bfdSessions.length > 0 ? (
            <DataTable
              label="BFD sessions of this tunnel"
              rows={bfdSessions}
              columns={sessionColumns}
              rowId={(one) => one.id}
            />
          ) : (
            <Message title="No end tells of a session" />
          )}
        </Card>
        <Card title="Traffic that takes it">
          <PathList filter={{ tunnelId: id }} />
        </Card>
      </div>
      <div className="grid grid-wide">
        <Card
          title="Decisions"
          aside={
            <Link to="/decisions" search={{ tunnel: id }} className="quiet-link">
              All
            </Link>
          }
        >
          <RecentDecisions filter={{ tunnelId: id }} count={5} />
        </Card>
        <Card title="Ends">
          <Ends ends={[a, b]} />
        </Card>
      </div>
    </Page>
  );
}

function Stats({ tunnel }: { tunnel: Tunnel }) {
  const { roundTripMs, mos, mtu, compression, aToB, bToA } = tunnel;
  const losses = [aToB, bToA].flatMap((direction) => (direction ? [direction.lossPercent] : []));
  const loss = losses.length > 0 ? Math.max(...losses) : tunnel.lossPercent;
  const rate = rateParts(tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond);
  const { value, word } = mosWords(mos);
  const capacities = [aToB, bToA].flatMap((direction) => direction?.capacityBitsPerSecond ?? []);
  return (
    <div className="grid grid-stats">
      <StatCard
        label="Round trip"
        icon={null}
        value={formatMs(roundTripMs)}
        note={<Packets {...{ mtu, compression }} />}
      />
      <StatCard label="Loss" icon={null} value={formatPercent(loss)} note="the worse direction" />
      <StatCard
        label="Voice quality"
        icon={null}
        value={
          <>
            {value} <small>MOS</small>
          </>
        }
        note={`${word}, of the end that hears worse`}
      />
      <StatCard
        label="Throughput"
        icon={null}
        value={
          <>
            {rate.value} <small>{rate.unit}</small>
          </>
        }
        note={
          capacities.length > 0
            ? `delivered ${formatRate(Math.max(...capacities))} when it was full`
            : 'both directions; it was never seen full'
        }
      />
    </div>
  );
}

function Packets({ mtu, compression }: Pick<Tunnel, 'mtu' | 'compression'>) {
  const parts = [
    ...(mtu === null ? [] : [`packets up to ${mtu} bytes`]),
    ...(compression && compression.bytesBefore > 0
      ? [
          `LZ4 to ${ratioWords(compression.bytesBefore, compression.bytesAfter)} of ${formatBytes(compression.bytesBefore)}`,
        ]
      : []),
  ];
  return parts.join(' · ') || 'path MTU is being searched';
}

function NoTunnel() {
  return (
    <Page title="" tab="No such tunnel">
      <Message icon={IconRouteOff} title="This tunnel is not there (any more)">
        <p>
          Its uplink or its site may have been taken out. <Link to="/tunnels">See all tunnels</Link>
        </p>
      </Message>
    </Page>
  );
}
