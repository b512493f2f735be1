import { Link } from '@tanstack/react-router';
import { mosWords } from '../../format/quality.ts';
import { formatPercent } from '../../format/rate.ts';
import { formatMs } from '../../format/time.ts';
import type { TunnelState } from '../../queries/graphql.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { State, tunnelLooks } from '../state.tsx';

export interface Candidate {
  readonly tunnelId: string;
  readonly label: string;
  readonly rank: number | null;
  readonly state: TunnelState;
  readonly meetsSla: boolean | null;
  readonly roundTripMs: number | null;
  readonly lossPercent: number | null;
  readonly jitterMs: number | null;
  readonly mos: number | null;
  readonly cost: number;
  readonly why: string;
  /** null: it is no more. */
  readonly tunnel: { readonly id: string } | null;
}

const last = Number.POSITIVE_INFINITY;

const columns: readonly Column<Candidate>[] = [
  { id: 'rank', header: '#', cell: ({ rank }) => rank ?? '–' },
  {
    id: 'path',
    header: 'Path',
    cell: ({ label, tunnel, rank }) => (
      <span data-first={rank === 1}>
        {tunnel ? (
          <Link to="/tunnels/$tunnelId" params={{ tunnelId: tunnel.id }} className="link">
            {label}
          </Link>
        ) : (
          label
        )}
      </span>
    ),
  },
  { id: 'state', header: 'State', cell: ({ state }) => <State look={tunnelLooks[state]} /> },
  {
    id: 'rtt',
    header: 'Round trip',
    align: 'end',
    cell: ({ roundTripMs }) => formatMs(roundTripMs),
  },
  {
    id: 'loss',
    header: 'Loss',
    align: 'end',
    cell: ({ lossPercent }) => formatPercent(lossPercent),
  },
  {
    id: 'jitter',
    header: 'Jitter',
    align: 'end',
    cell: ({ jitterMs }) => formatMs(jitterMs),
  },
  { id: 'mos', header: 'MOS', align: 'end', cell: ({ mos }) => mosWords(mos).value },
  { id: 'cost', header: 'Cost', align: 'end', cell: ({ cost }) => cost },
  {
    id: 'sla',
    header: 'SLA',
    cell: ({ meetsSla }) =>
      meetsSla === null ? <span className="muted">–</span> : meetsSla ? 'met' : <span className="down">missed</span>,
  },
  { id: 'why', header: 'Why', className: 'wrap', cell: ({ why }) => why },
];

/** Every path that could have been taken, as it measured, and why it is or is not the first. */
export function Candidates({ candidates }: { candidates: readonly Candidate[] }) {
  return (
    <DataTable
      label="Candidates"
      rows={[...candidates].sort((a, b) => (a.rank ?? last) - (b.rank ?? last))}
      columns={columns}
      rowId={({ tunnelId }) => tunnelId}
      rowTestId={({ label }) => `candidate-${label}`}
    />
  );
}
