import { formatPercent, formatRate } from '../../format/rate.ts';
import { formatMs } from '../../format/time.ts';
import { isActive, type MapTunnel, tunnelTitle, uplinkNames } from '../../topology/model.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { State, tunnelLooks } from '../state.tsx';

interface TunnelListProps {
  readonly tunnels: readonly MapTunnel[];
  readonly onSelect: (id: string) => void;
}

/** The map as a table, for keyboards, screen readers and large networks. */
export function TunnelList({ tunnels, onSelect }: TunnelListProps) {
  const columns: readonly Column<MapTunnel>[] = [
    {
      id: 'between',
      header: 'Between',
      sort: tunnelTitle,
      cell: (tunnel) => (
        <button type="button" className="text-button mantine-focus-auto" onClick={() => onSelect(tunnel.id)}>
          {tunnel.a.site.name} – {tunnel.b.site.name}
        </button>
      ),
    },
    { id: 'uplinks', header: 'Uplinks', sort: uplinkNames, cell: (tunnel) => uplinkNames(tunnel) },
    {
      id: 'state',
      header: 'State',
      sort: (tunnel) => tunnel.state,
      cell: (tunnel) => <State look={tunnelLooks[tunnel.state]} />,
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
      id: 'throughput',
      header: 'Throughput',
      align: 'end',
      sort: (tunnel) => tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond,
      cell: (tunnel) => formatRate(tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond),
    },
  ];
  return <DataTable label="Tunnels" rows={tunnels} columns={columns} rowId={({ id }) => id} />;
}
