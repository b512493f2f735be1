import { ActionIcon, Button, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconApps, IconPencil, IconPlus, IconSearch, IconTrash } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Confirm } from '../components/confirm.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { ApplicationForm } from '../components/policies/application-form.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { policyTabs, Tabs } from '../components/tabs.tsx';
import { useChange } from '../live/use-change.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';
import type { ApplicationsSearch } from '../search.ts';

const applicationsQuery = graphql(`
  query Applications($filter: ApplicationFilter) {
    applications(first: 1000, filter: $filter) {
      totalCount
      edges { node { id name isBuiltIn ports prefixes names revision policies { id name } } }
    }
  }
`);
const removeMutation = graphql(`
  mutation RemoveApplication($input: RemoveApplicationInput!) { removeApplication(input: $input) { removedId } }
`);

type Application = ResultOf<typeof applicationsQuery>['applications']['edges'][number]['node'];
type Dialog = { kind: 'add' } | { kind: 'edit' | 'remove'; application: Application };

const columns: readonly Column<Application>[] = [
  {
    id: 'name',
    header: 'Application',
    sort: ({ name }) => name.toLowerCase(),
    cell: ({ name }) => <strong>{name}</strong>,
  },
  {
    id: 'kind',
    header: 'From',
    sort: ({ isBuiltIn }) => Number(isBuiltIn),
    cell: ({ isBuiltIn }) => (isBuiltIn ? <span className="muted">Catalogue</span> : 'Yours'),
  },
  { id: 'names', header: 'Names', cell: ({ names }) => <Some words={names} /> },
  { id: 'ports', header: 'Ports', cell: ({ ports }) => <Some words={ports} /> },
  { id: 'prefixes', header: 'Networks', cell: ({ prefixes }) => <Some words={prefixes} /> },
  {
    id: 'policies',
    header: 'Named by',
    cell: ({ policies }) => policies.map(({ name }) => name).join(', ') || <span className="muted">–</span>,
  },
];

const shownWords = 2;

function Some({ words }: { words: readonly string[] }) {
  if (words.length === 0) return <span className="muted">–</span>;
  const more = words.length - shownWords;
  return (
    <span className="mono" title={words.join(', ')}>
      {words.slice(0, shownWords).join(', ')}
      {more > 0 && <span className="muted"> and {more} more</span>}
    </span>
  );
}

/** What policies can name: the applications of the catalogue, and one's own. Filters live in the URL. */
export function ApplicationsPage() {
  const { name, kind } = useSearch({ from: '/inside/policies/applications' });
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const query = useLiveQuery(applicationsQuery, {
    filter: { ...(name && { name }), ...(kind && { isBuiltIn: kind === 'catalogue' }) },
  });
  const actions: Column<Application> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (application) =>
      application.isBuiltIn ? null : (
        <>
          <ActionIcon aria-label={`Edit ${application.name}`} onClick={() => setDialog({ kind: 'edit', application })}>
            <IconPencil size={15} />
          </ActionIcon>
          <ActionIcon
            aria-label={`Remove ${application.name}`}
            onClick={() => setDialog({ kind: 'remove', application })}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </>
      ),
  };
  const addButton = may('application.add') && (
    <Button
      leftSection={<IconPlus size={15} />}
      onClick={() => setDialog({ kind: 'add' })}
      data-testid="add-application"
    >
      Add application
    </Button>
  );
  return (
    <Page
      title="Applications"
      lead="Known by ports, networks, and names seen in TLS, QUIC and DNS; policies name them"
      actions={addButton}
    >
      <Tabs label="Policies and what they name" tabs={policyTabs} />
      <Card title="Applications" aside={<Filter search={{ ...(name && { name }), ...(kind && { kind }) }} />}>
        <QueryState query={query}>
          {({ applications: { edges } }) =>
            edges.length > 0 ? (
              <DataTable
                label="Applications"
                rows={edges.map(({ node }) => node)}
                columns={may('application.update') ? [...columns, actions] : columns}
                rowId={({ id }) => id}
                rowTestId={(one) => `application-row-${one.name}`}
              />
            ) : (
              <Message icon={IconApps} title="No application here">
                <p>
                  {name || kind ? 'None matches this filter.' : 'Add one of your own: its names, networks or ports.'}
                </p>
              </Message>
            )
          }
        </QueryState>
      </Card>
      <Dialogs dialog={dialog} onClose={() => setDialog(undefined)} />
    </Page>
  );
}

function Filter({ search }: { search: ApplicationsSearch }) {
  const navigate = useNavigate({ from: '/policies/applications' });
  const change = (next: ApplicationsSearch) => void navigate({ search: next, replace: true });
  const changeName = useDebouncedCallback(
    (name: string) => change({ ...(name && { name }), ...(search.kind && { kind: search.kind }) }),
    200,
  );
  return (
    <div className="page-actions">
      <TextInput
        size="xs"
        aria-label="Filter by name"
        placeholder="Filter by name"
        leftSection={<IconSearch size={14} />}
        defaultValue={search.name ?? ''}
        onChange={(event) => changeName(event.currentTarget.value)}
      />
      <SegmentedControl
        size="xs"
        aria-label="Whose applications"
        data={[
          { value: 'all', label: 'All' },
          { value: 'own', label: 'Yours' },
          { value: 'catalogue', label: 'Catalogue' },
        ]}
        value={search.kind ?? 'all'}
        onChange={(value) =>
          change({ ...(search.name && { name: search.name }), ...(value !== 'all' && { kind: value as 'own' }) })
        }
      />
    </div>
  );
}

function Dialogs({ dialog, onClose }: { dialog: Dialog | undefined; onClose: () => void }) {
  const remove = useChange(removeMutation);
  if (!dialog) return null;
  if (dialog.kind === 'add') return <ApplicationForm onClose={onClose} />;
  const { application } = dialog;
  if (dialog.kind === 'edit') return <ApplicationForm application={application} onClose={onClose} />;
  return (
    <Confirm
      title={`Remove ${application.name}?`}
      action="Remove application"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id: application.id } })}
    >
      Policies cannot name it any more. While one still does, it stays.
    </Confirm>
  );
}
