import { formatDuration, formatMoment } from '../../format/time.ts';
import { useNow } from '../../live/use-now.ts';
import type { BgpState } from '../../queries/graphql.ts';
import type { Column } from '../data-table.tsx';
import { bgpLooks, State } from '../state.tsx';

export interface BgpSession {
  readonly state: BgpState;
  readonly since: string;
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
  readonly flaps: number;
  readonly lastError: string | null;
  readonly refusal: string | null;
}

interface Row {
  /** null: its gateway has not told of it yet. */
  readonly session: BgpSession | null;
}

interface More<One> {
  /** Why nothing is known of its session. */
  readonly untold?: (row: One) => string;
  /** What is to be said besides errors. */
  readonly remark?: (row: One) => string;
}

/** What every table of BGP sessions tells. */
export function sessionColumns<One extends Row>({
  untold = () => 'not told yet',
  remark = () => '',
}: More<One> = {}): readonly Column<One>[] {
  return [
    {
      id: 'state',
      header: 'State',
      sort: ({ session }) => session?.state ?? '',
      cell: (row) => (row.session ? <StateSince {...row.session} /> : <span className="muted">{untold(row)}</span>),
    },
    {
      id: 'prefixes',
      header: 'Prefixes in',
      align: 'end',
      sort: ({ session }) => session?.accepted ?? 0,
      cell: ({ session }) => (session ? <PrefixesIn {...session} /> : '–'),
    },
    {
      id: 'advertised',
      header: 'Prefixes out',
      align: 'end',
      sort: ({ session }) => session?.advertised ?? 0,
      cell: ({ session }) => session?.advertised ?? '–',
    },
    {
      id: 'flaps',
      header: 'Flaps',
      align: 'end',
      sort: ({ session }) => session?.flaps ?? 0,
      cell: ({ session }) => session?.flaps ?? '–',
    },
    {
      id: 'words',
      header: 'Last error',
      className: 'wrap',
      cell: (row) => (
        <>
          {row.session && <Words {...row.session} />}
          {remark(row) && <div className="muted">{remark(row)}</div>}
        </>
      ),
    },
  ];
}

function StateSince({ state, since }: BgpSession) {
  const now = useNow();
  return (
    <>
      <State look={bgpLooks[state]} />
      <span className="second" title={`Since ${formatMoment(since)}`} data-since={since}>
        for {formatDuration(now - Date.parse(since))}
      </span>
    </>
  );
}

function PrefixesIn({ accepted, received }: BgpSession) {
  return (
    <>
      {accepted}
      {accepted !== received && <span className="second">of {received} received</span>}
    </>
  );
}

/** An error that is over is told quietly where it says why there were flaps; how it first came up is of no interest. */
function Words({ state, flaps, lastError, refusal }: BgpSession) {
  const isOver = state === 'ESTABLISHED';
  return (
    <>
      {lastError && !(isOver && flaps === 0) && (
        <div className={isOver ? 'sentence muted' : 'sentence'}>{lastError}</div>
      )}
      {refusal && <div>Refused {refusal}</div>}
    </>
  );
}
