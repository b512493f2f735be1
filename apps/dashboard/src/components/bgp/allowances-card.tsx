import { ActionIcon, Button } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { prefixOrder } from '../../bgp/ranges.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { useMay } from '../../rights/use-may.ts';
import { Confirm } from '../confirm.tsx';
import { type Column, DataTable } from '../data-table.tsx';
import { Card } from '../page.tsx';
import { QueryState } from '../query-state.tsx';
import { SiteLink } from '../site-link.tsx';
import { AllowanceForm } from './allowance-form.tsx';
import type { BgpFilter } from './form.ts';

const allowancesQuery = graphql(`
  query BgpAllowances($filter: BgpFilter) {
    bgpAllowances(first: 1000, filter: $filter) { edges { node { id text preference site { id name } } } }
  }
`);
const removeMutation = graphql(`
  mutation RemoveBgpAllowance($input: RemoveBgpInput!) { removeBgpAllowance(input: $input) { removedId } }
`);

type Allowance = ResultOf<typeof allowancesQuery>['bgpAllowances']['edges'][number]['node'];
type Dialog = { kind: 'add' } | { kind: 'edit' | 'remove'; allowance: Allowance };

const columns: readonly Column<Allowance>[] = [
  { id: 'site', header: 'Site', sort: ({ site }) => site.name, cell: ({ site }) => <SiteLink site={site} /> },
  {
    id: 'prefix',
    header: 'May bring',
    sort: ({ text }) => prefixOrder(text),
    cell: ({ text }) => <span className="mono">{text}</span>,
  },
  {
    id: 'preference',
    header: 'Preference',
    cell: ({ preference }) => preference ?? <span className="muted">this site alone</span>,
  },
];

/** What the routers of each site may bring into the fabric. */
export function AllowancesCard({ filter }: { filter: BgpFilter }) {
  const query = useLiveQuery(allowancesQuery, { filter });
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const [mayEdit, mayRemove] = [may('bgp.allowance.update'), may('bgp.allowance.remove')];
  const actions: Column<Allowance> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (allowance) => (
      <>
        {mayEdit && (
          <ActionIcon aria-label={`Edit ${allowance.text}`} onClick={() => setDialog({ kind: 'edit', allowance })}>
            <IconPencil size={15} />
          </ActionIcon>
        )}
        {mayRemove && (
          <ActionIcon aria-label={`Remove ${allowance.text}`} onClick={() => setDialog({ kind: 'remove', allowance })}>
            <IconTrash size={15} />
          </ActionIcon>
        )}
      </>
    ),
  };
  const addButton = may('bgp.allowance.add') && (
    <Button
      size="compact-xs"
      variant="subtle"
      leftSection={<IconPlus size={13} />}
      onClick={() => setDialog({ kind: 'add' })}
      data-testid="add-allowance"
    >
      Allow a prefix
    </Button>
  );
  return (
    <Card title="What sites may bring" aside={addButton}>
      <QueryState query={query}>
        {({ bgpAllowances: { edges } }) =>
          edges.length > 0 ? (
            <DataTable
              label="What sites may bring"
              rows={edges.map(({ node }) => node)}
              columns={mayEdit || mayRemove ? [...columns, actions] : columns}
              initialSort="site"
              rowId={({ id }) => id}
              rowTestId={({ text }) => `allowance-${text}`}
            />
          ) : (
            <p className="card-note">
              Nothing yet: what a router says stays at its own site until its prefix is allowed here. So a mistake at
              one site cannot draw the traffic of another.
            </p>
          )
        }
      </QueryState>
      {dialog?.kind === 'add' && <AllowanceForm onClose={close} />}
      {dialog?.kind === 'edit' && <AllowanceForm allowance={dialog.allowance} onClose={close} />}
      {dialog?.kind === 'remove' && <RemoveAllowance allowance={dialog.allowance} onClose={close} />}
    </Card>
  );
}

function RemoveAllowance({ allowance, onClose }: { allowance: Allowance; onClose: () => void }) {
  const remove = useChange(removeMutation);
  return (
    <Confirm
      title={`${allowance.site.name} may no longer bring ${allowance.text}?`}
      action="Remove"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id: allowance.id } })}
    >
      Every other gateway lets the routes go that it allowed.
    </Confirm>
  );
}
