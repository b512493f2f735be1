import { formatRate } from '../../format/rate.ts';
import { isActive, type MapTunnel, tunnelTitle, uplinkNames } from '../../topology/model.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { tunnelColumns } from '../tunnel-columns.tsx';

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
    ...tunnelColumns<MapTunnel>({
      isActive,
      throughput: (tunnel) => formatRate(tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond),
    }),
  ];
  return <DataTable label="Tunnels" rows={tunnels} columns={columns} initialSort="between" rowId={({ id }) => id} />;
}
