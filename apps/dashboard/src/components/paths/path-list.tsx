import { IconArrowRight, IconRouteOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type Path, pathsQuery } from '../../decisions/model.ts';
import { treatmentBounds, treatmentChoice, treatmentName } from '../../decisions/words.ts';
import { explainBetween } from '../../explain/links.ts';
import { formatAgo, formatMoment } from '../../format/time.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import type { VariablesOf } from '../../queries/graphql.ts';
import { endsFrom } from '../../tunnels/perspective.ts';
import { type Column, DataTable } from '../data-table.tsx';
import { Message, QueryState } from '../query-state.tsx';
import { SiteLink } from '../site-link.tsx';

const where: Column<Path> = {
  id: 'where',
  header: 'From – to',
  sort: ({ edge, remoteEdge }) => `${edge.site.name} ${remoteEdge.site.name}`,
  cell: ({ edge, remoteEdge }) => (
    <>
      {edge.site.name} <IconArrowRight size={12} className="muted" aria-label="to" /> {remoteEdge.site.name}
    </>
  ),
};

const to: Column<Path> = {
  id: 'to',
  header: 'To',
  sort: ({ remoteEdge }) => remoteEdge.site.name,
  cell: ({ remoteEdge }) => <SiteLink site={remoteEdge.site} />,
};

const columns: readonly Column<Path>[] = [
  {
    id: 'treatment',
    header: 'Traffic of',
    sort: ({ treatment }) => treatmentName(treatment),
    cell: ({ treatment }) => (
      <span title={treatmentBounds(treatment)}>
        {treatmentName(treatment)} <span className="second">{treatmentChoice(treatment)}</span>
      </span>
    ),
  },
  { id: 'takes', header: 'Takes', cell: (path) => <Members path={path} /> },
  { id: 'sla', header: 'SLA', cell: (path) => <Sla path={path} /> },
  {
    id: 'since',
    header: 'Since',
    align: 'end',
    sort: ({ since }) => since,
    cell: ({ since }) => <span title={formatMoment(since)}>{formatAgo(since, Date.now())}</span>,
  },
  {
    id: 'why',
    header: '',
    align: 'end',
    cell: ({ edge, remoteEdge, treatmentId }) => (
      <span className="quiet-links">
        <Link
          to="/decisions"
          search={{ site: edge.site.id, to: remoteEdge.site.id, treatment: treatmentId }}
          className="quiet-link"
          aria-label={`Why: decisions from ${edge.site.name} to ${remoteEdge.site.name}`}
        >
          Why
        </Link>
        <Link
          to="/explain"
          search={explainBetween(edge.site, remoteEdge.site)}
          className="quiet-link"
          aria-label={`Explain a flow from ${edge.site.name} to ${remoteEdge.site.name}`}
        >
          Explain
        </Link>
      </span>
    ),
  },
];

/** The first tunnel, and those that stand by behind it. */
function Members({ path: { members, edge } }: { path: Path }) {
  const [first, ...others] = members;
  if (!first) return <span className="down">no path is up</span>;
  const words = ({ tunnel }: typeof first) => {
    const { near, far } = endsFrom<(typeof tunnel)['a']>(tunnel, edge.site.id);
    return `${near.uplink.label} → ${far.uplink.label}`;
  };
  return (
    <>
      <Link to="/tunnels/$tunnelId" params={{ tunnelId: first.tunnel.id }} className="link">
        {words(first)}
      </Link>
      {others.length > 0 && (
        <span className="second" title={others.map(words).join(', ')}>
          then {words(others[0]!)}
          {others.length > 1 && ` and ${others.length - 1} more`}
        </span>
      )}
    </>
  );
}

function Sla({ path: { members } }: { path: Path }) {
  const first = members[0];
  if (!first || first.meetsSla === null) return <span className="muted">–</span>;
  if (first.meetsSla) return 'met';
  return (
    <span className="down" title={first.misses.join('; ')}>
      missed <span className="second">{first.misses.join('; ')}</span>
    </span>
  );
}

interface PathListProps {
  readonly filter: NonNullable<VariablesOf<typeof pathsQuery>['filter']>;
  /** Whether all of them begin at one site, whose name then needs no column. */
  readonly isOneSite?: boolean;
}

/** Which tunnels traffic takes now, one row for each way of choosing and each remote site. */
export function PathList({ filter, isOneSite = false }: PathListProps) {
  const query = useLiveQuery(pathsQuery, { filter });
  return (
    <QueryState query={query}>
      {({ paths: { edges } }) =>
        edges.length > 0 ? (
          <DataTable
            label="Paths"
            rows={edges.map(({ node }) => node)}
            columns={[isOneSite ? to : where, ...columns]}
            initialSort={isOneSite ? to.id : where.id}
            rowId={({ id }) => id}
          />
        ) : (
          <Message icon={IconRouteOff} title="No path here">
            <p>Gateways tell which path each kind of traffic takes as soon as they have chosen one.</p>
          </Message>
        )
      }
    </QueryState>
  );
}
