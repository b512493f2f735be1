import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconMapPinPlus, IconPlus, IconSearch } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { Rates } from '../components/rates.tsx';
import { EnrolDialog } from '../components/site/enrol-dialog.tsx';
import { RemoveSite } from '../components/site/remove-site.tsx';
import { SiteActions } from '../components/site/site-actions.tsx';
import type { EditableSite } from '../components/site/site-draft.ts';
import { SiteForm } from '../components/site/site-form.tsx';
import { SiteLink } from '../components/site-link.tsx';
import { State, siteLooks } from '../components/state.tsx';
import { TunnelMeter } from '../components/tunnel-meter.tsx';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';
import type { SitesSearch } from '../search.ts';

const sitesQuery = graphql(`
  query Sites($filter: SiteFilter) {
    sites(first: 100, filter: $filter) {
      totalCount
      pageInfo { hasNextPage }
      edges {
        node {
          id name description location state revision reachProbe
          edges { id state lastSeenAt }
          prefixes { prefix segment }
          uplinks { id label interface domain cost port bitsPerSecond publicEndpoints probeTargets }
          tunnelCounts { up total }
          receivedBitsPerSecond sentBitsPerSecond
        }
      }
    }
  }
`);

type Site = ResultOf<typeof sitesQuery>['sites']['edges'][number]['node'];

const columns: readonly Column<Site>[] = [
  {
    id: 'name',
    header: 'Site',
    sort: (site) => site.name.toLowerCase(),
    cell: (site) => <SiteLink site={site} />,
  },
  { id: 'location', header: 'Location', sort: (site) => site.location, cell: (site) => site.location || '–' },
  { id: 'state', header: 'State', sort: (site) => site.state, cell: (site) => <State look={siteLooks[site.state]} /> },
  {
    id: 'prefixes',
    header: 'Networks',
    cell: (site) => <span className="mono">{site.prefixes.map(({ prefix }) => prefix).join(', ')}</span>,
  },
  {
    id: 'tunnels',
    header: 'Tunnels',
    sort: (site) => site.tunnelCounts.up,
    cell: (site) => <TunnelMeter {...site.tunnelCounts} />,
  },
  {
    id: 'throughput',
    header: 'Throughput',
    align: 'end',
    sort: (site) => site.receivedBitsPerSecond + site.sentBitsPerSecond,
    cell: (site) => <Rates received={site.receivedBitsPerSecond} sent={site.sentBitsPerSecond} />,
  },
];

type Dialog = { kind: 'add' } | { kind: 'edit' | 'enrol' | 'remove'; site: Pick<Site, 'id' | 'name'> };

/** Every site in the network; filter and order live in the URL. */
export function SitesPage() {
  const { name, state, sort = 'name', desc = false } = useSearch({ from: '/inside/sites' });
  const navigate = useNavigate({ from: '/sites' });
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const query = useLiveQuery(sitesQuery, { filter: { ...(name && { name }), ...(state && { state }) } });
  const actions: Column<Site> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (site) => <SiteActions site={site} onChoose={(kind) => setDialog({ kind, site })} />,
  };
  const addButton = may('site.add') && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setDialog({ kind: 'add' })} data-testid="add-site">
      Add site
    </Button>
  );
  return (
    <Page title="Sites" lead="Places with networks of their own, joined by tunnels" actions={addButton}>
      <Card title="All sites" aside={<Filter search={{ ...(name && { name }), ...(state && { state }) }} />}>
        <QueryState query={query}>
          {({ sites }) => (
            <>
              {sites.edges.length > 0 ? (
                <DataTable
                  label="Sites"
                  rows={sites.edges.map(({ node }) => node)}
                  columns={[...columns, actions]}
                  rowId={(site) => site.id}
                  rowTestId={(site) => `site-row-${site.name}`}
                  sorting={{ id: sort, desc }}
                  onSort={({ id, desc }) =>
                    navigate({
                      search: ({ desc: _, ...rest }) => ({ ...rest, sort: id, ...(desc && { desc }) }),
                      replace: true,
                    })
                  }
                />
              ) : (
                <NoSites isFiltered={Boolean(name || state)} onAdd={() => setDialog({ kind: 'add' })} />
              )}
              {sites.pageInfo.hasNextPage && (
                <p className="page-lead" style={{ padding: '0 16px 12px' }}>
                  Showing {sites.edges.length} of {sites.totalCount}. Narrow the filter to find the others.
                </p>
              )}
            </>
          )}
        </QueryState>
      </Card>
      <Dialogs dialog={dialog} sites={query.data?.sites.edges.map(({ node }) => node) ?? []} onChange={setDialog} />
    </Page>
  );
}

interface DialogsProps {
  readonly dialog: Dialog | undefined;
  readonly sites: readonly EditableSite[];
  readonly onChange: (dialog: Dialog | undefined) => void;
}

function Dialogs({ dialog, sites, onChange }: DialogsProps) {
  const close = () => onChange(undefined);
  if (!dialog) return null;
  if (dialog.kind === 'add') return <SiteForm onClose={close} onSaved={(site) => onChange({ kind: 'enrol', site })} />;
  const { kind, site } = dialog;
  if (kind === 'enrol') return <EnrolDialog site={site} onClose={close} />;
  if (kind === 'remove') return <RemoveSite site={site} onClose={close} />;
  const edited = sites.find(({ id }) => id === site.id);
  return edited ? <SiteForm site={edited} onClose={close} onSaved={close} /> : null;
}

function Filter({ search }: { search: SitesSearch }) {
  const navigate = useNavigate({ from: '/sites' });
  const change = (filter: Pick<SitesSearch, 'name' | 'state'>) =>
    navigate({ search: (old) => ({ ...old, ...filter }), replace: true });
  const changeName = useDebouncedCallback((name: string) => void change({ name }), 200);
  return (
    <div className="page-actions">
      <TextInput
        size="xs"
        aria-label="Filter by name"
        placeholder="Filter by name"
        leftSection={<IconSearch size={14} />}
        defaultValue={search.name ?? ''}
        onChange={(event) => changeName(event.currentTarget.value)}
        data-testid="sites-filter"
      />
      <Select
        size="xs"
        w={170}
        aria-label="Filter by state"
        placeholder="Any state"
        clearable
        value={search.state ?? null}
        data={Object.entries(siteLooks).map(([value, { label }]) => ({ value, label }))}
        onChange={(state) => void change({ state: (state ?? undefined) as never })}
      />
    </div>
  );
}

function NoSites({ isFiltered, onAdd }: { isFiltered: boolean; onAdd: () => void }) {
  const may = useMay();
  if (isFiltered) return <Message icon={IconSearch} title="No site matches this filter" />;
  return (
    <Message icon={IconMapPinPlus} title="No sites yet">
      {may('site.add') && (
        <>
          <p>
            Add one here, or with <code>patronus site add</code>. You then get one command to paste on its gateway.
          </p>
          <Button onClick={onAdd}>Add the first site</Button>
        </>
      )}
    </Message>
  );
}
