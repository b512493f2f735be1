import type { ReactNode } from 'react';
import { mosWords } from '../format/quality.ts';
import { formatPercent } from '../format/rate.ts';
import { formatMoment, formatMs } from '../format/time.ts';
import { formatBytes, ratioWords } from '../policies/words.ts';
import type { TunnelState } from '../queries/graphql.ts';
import type { Column } from './data-table.tsx';
import { State, tunnelLooks } from './state.tsx';

interface Measured {
  readonly state: TunnelState;
  readonly since: string;
  readonly roundTripMs: number | null;
  readonly lossPercent: number | null;
  readonly mos: number | null;
  readonly aToB: { readonly jitterMs: number } | null;
  readonly bToA: { readonly jitterMs: number } | null;
  readonly mtu: number | null;
  readonly compression: {
    readonly bytesBefore: number;
    readonly bytesAfter: number;
    readonly skippedPackets: number;
    readonly errors: number;
  } | null;
  readonly aToBBitsPerSecond: number;
  readonly bToABitsPerSecond: number;
}

interface Reading<Tunnel> {
  readonly isActive: (tunnel: Tunnel) => boolean;
  readonly throughput: (tunnel: Tunnel) => ReactNode;
}

/** How a tunnel does: the columns that every table of tunnels has. What is unknown sorts last. */
export function tunnelColumns<Tunnel extends Measured>(reading: Reading<Tunnel>): readonly Column<Tunnel>[] {
  const { isActive, throughput } = reading;
  return [
    {
      id: 'state',
      header: 'State',
      sort: (tunnel) => tunnel.state,
      cell: (tunnel) => <State look={tunnelLooks[tunnel.state]} note={`since ${formatMoment(tunnel.since)}`} />,
    },
    {
      id: 'active',
      header: 'Traffic',
      sort: (tunnel) => Number(!isActive(tunnel)),
      cell: (tunnel) =>
        isActive(tunnel) ? <span className="in-use">In use</span> : <span className="muted">Standby</span>,
    },
    {
      id: 'rtt',
      header: 'Round trip',
      align: 'end',
      sort: (tunnel) => tunnel.roundTripMs ?? Number.POSITIVE_INFINITY,
      cell: (tunnel) => formatMs(tunnel.roundTripMs),
    },
    {
      id: 'loss',
      header: 'Loss',
      align: 'end',
      sort: (tunnel) => tunnel.lossPercent ?? Number.POSITIVE_INFINITY,
      cell: (tunnel) => formatPercent(tunnel.lossPercent),
    },
    {
      id: 'jitter',
      header: 'Jitter',
      align: 'end',
      sort: (tunnel) => worseJitterMs(tunnel) ?? Number.POSITIVE_INFINITY,
      cell: (tunnel) => formatMs(worseJitterMs(tunnel)),
    },
    {
      id: 'mos',
      header: 'MOS',
      align: 'end',
      sort: ({ mos }) => mos ?? 0,
      cell: ({ mos }) => <span title={mosWords(mos).word}>{mosWords(mos).value}</span>,
    },
    {
      id: 'mtu',
      header: 'MTU',
      align: 'end',
      sort: (tunnel) => tunnel.mtu ?? 0,
      cell: (tunnel) => <PathFacts {...tunnel} />,
    },
    {
      id: 'throughput',
      header: 'Throughput',
      align: 'end',
      sort: (tunnel) => tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond,
      cell: throughput,
    },
  ];
}

/** Of the direction that has more of it; null while neither is measured. */
function worseJitterMs({ aToB, bToA }: Pick<Measured, 'aToB' | 'bToA'>): number | null {
  const known = [aToB, bToA].flatMap((direction) => (direction ? [direction.jitterMs] : []));
  return known.length > 0 ? Math.max(...known) : null;
}

/** The largest packet that fits through, and what compression made of the traffic, where there was any. */
function PathFacts({ mtu, compression }: Pick<Measured, 'mtu' | 'compression'>) {
  if (mtu === null) return '–';
  if (compression === null || compression.bytesBefore + compression.errors === 0) {
    return <span title="Largest packet that fits through, bytes">{mtu}</span>;
  }
  const { bytesBefore, bytesAfter, skippedPackets, errors } = compression;
  const words = [
    `${formatBytes(bytesBefore)} became ${formatBytes(bytesAfter)}`,
    `${skippedPackets.toLocaleString('en')} packets would not have become smaller`,
    ...(errors > 0 ? [`${errors} frames could not be expanded`] : []),
  ];
  return (
    <span title={`Packets of up to ${mtu} bytes; compressed: ${words.join('; ')}`}>
      {mtu} <span className={errors > 0 ? 'down' : 'muted'}>LZ4 {ratioWords(bytesBefore, bytesAfter)}</span>
    </span>
  );
}
