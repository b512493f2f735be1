import { ActionIcon, Button, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { readRange } from '../../bgp/ranges.ts';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { useMay } from '../../rights/use-may.ts';
import { Confirm } from '../confirm.tsx';
import { type Column, DataTable } from '../data-table.tsx';
import { Notice } from '../notice.tsx';
import { Card } from '../page.tsx';
import { QueryState } from '../query-state.tsx';

const allowancesQuery = graphql(`
  query BgpAllowances {
    bgpAllowances(first: 1000) { edges { node { id text preference site { id name } } } }
  }
`);
const sitesQuery = graphql(`
  query SitesThatMayBring { sites(first: 500, sort: { field: NAME }) { edges { node { id name } } } }
`);
const addMutation = graphql(`
  mutation AddBgpAllowance($input: AddBgpAllowanceInput!) { addBgpAllowance(input: $input) { bgpAllowance { id } } }
`);
const removeMutation = graphql(`
  mutation RemoveBgpAllowance($input: RemoveBgpInput!) { removeBgpAllowance(input: $input) { removedId } }
`);

type Allowance = ResultOf<typeof allowancesQuery>['bgpAllowances']['edges'][number]['node'];
type Dialog = { kind: 'add' } | { kind: 'remove'; allowance: Allowance };

const columns: readonly Column<Allowance>[] = [
  { id: 'site', header: 'Site', sort: ({ site }) => site.name, cell: ({ site }) => site.name },
  { id: 'prefix', header: 'May bring', sort: ({ text }) => text, cell: ({ text }) => text },
  {
    id: 'preference',
    header: 'Preference',
    align: 'end',
    cell: ({ preference }) => preference ?? <span className="muted">alone</span>,
  },
];

/** What the routers of each site may bring into the fabric. */
export function AllowancesCard() {
  const query = useLiveQuery(allowancesQuery, {});
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const actions: Column<Allowance> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (allowance) => (
      <ActionIcon aria-label={`Remove ${allowance.text}`} onClick={() => setDialog({ kind: 'remove', allowance })}>
        <IconTrash size={15} />
      </ActionIcon>
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
              columns={may('bgp.allowance.remove') ? [...columns, actions] : columns}
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
      {dialog?.kind === 'remove' && <RemoveAllowance allowance={dialog.allowance} onClose={close} />}
    </Card>
  );
}

function AllowanceForm({ onClose }: { onClose: () => void }) {
  const sites = useLiveQuery(sitesQuery, {}).data?.sites.edges ?? [];
  const add = useChange(addMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: { siteId: '', prefix: '', preference: '' as number | string },
    validate: {
      siteId: (id) => (id ? null : 'Choose the site.'),
      prefix: (prefix) => (prefix.trim() ? null : 'Name a prefix such as 172.16.0.0/16-24.'),
    },
  });
  const submit = form.onSubmit(async ({ siteId, prefix, preference }) => {
    setRefusal(null);
    const input = { siteId, ...readRange(prefix), preference: preference === '' ? null : Number(preference) };
    const outcome = await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title="Allow a prefix" size="md" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <Select
            label="Site"
            searchable
            data={sites.map(({ node }) => ({ value: node.id, label: node.name }))}
            {...form.getInputProps('siteId')}
          />
          <TextInput
            label="Its routers may bring"
            placeholder="172.16.0.0/16-24"
            description="With what lies inside of it, up to the length behind the dash"
            data-testid="allowance-prefix"
            {...form.getInputProps('prefix')}
          />
          <NumberInput
            label="Preference"
            placeholder="This site alone may"
            description="Where several sites may bring it, the lowest is preferred"
            min={0}
            max={65_535}
            {...form.getInputProps('preference')}
          />
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning} data-testid="allowance-save">
              Allow
            </Button>
          </div>
        </Stack>
      </form>
    </Modal>
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
