import { Button, Modal, NumberInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { readRange } from '../../bgp/ranges.ts';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';
import { SearchSelect } from '../search-select.tsx';

const sitesQuery = graphql(`
  query SitesThatMayBring { sites(first: 500, sort: { field: NAME }) { edges { node { id name } } } }
`);
const addMutation = graphql(`
  mutation AddBgpAllowance($input: AddBgpAllowanceInput!) { addBgpAllowance(input: $input) { bgpAllowance { id } } }
`);
const updateMutation = graphql(`
  mutation UpdateBgpAllowance($input: UpdateBgpAllowanceInput!) {
    updateBgpAllowance(input: $input) { bgpAllowance { id } }
  }
`);

interface AllowanceFormProps {
  /** The one to change; without it a new one is added. */
  readonly allowance?: {
    readonly id: string;
    readonly text: string;
    readonly preference: number | null;
    readonly site: { readonly id: string };
  };
  readonly onClose: () => void;
}

/** A prefix that the routers of a site may bring into the fabric. */
export function AllowanceForm({ allowance, onClose }: AllowanceFormProps) {
  const sites = useLiveQuery(sitesQuery, {}).data?.sites.edges ?? [];
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: {
      siteId: allowance?.site.id ?? '',
      prefix: allowance?.text ?? '',
      preference: (allowance?.preference ?? '') as number | string,
    },
    validate: {
      siteId: (id) => (id ? null : 'Choose the site.'),
      prefix: (prefix) => (prefix.trim() ? null : 'Name a prefix such as 172.16.0.0/16-24.'),
    },
  });
  const submit = form.onSubmit(async ({ siteId, prefix, preference }) => {
    setRefusal(null);
    const wanted = { ...readRange(prefix), preference: preference === '' ? null : Number(preference) };
    const outcome = allowance
      ? await update.run({ input: { id: allowance.id, ...wanted } })
      : await add.run({ input: { siteId, ...wanted } });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={allowance ? `Edit ${allowance.text}` : 'Allow a prefix'} size="md" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <SearchSelect
            label="Site"
            placeholder="Whose routers"
            disabled={allowance !== undefined}
            data={sites.map(({ node }) => ({ value: node.id, label: node.name }))}
            data-testid="allowance-site"
            {...form.getInputProps('siteId')}
          />
          <TextInput
            label="Its routers may bring"
            placeholder="172.16.0.0/16-24"
            description="With what lies inside of it, up to the length behind the dash"
            classNames={{ input: 'mono' }}
            data-autofocus={allowance !== undefined || undefined}
            data-testid="allowance-prefix"
            {...form.getInputProps('prefix')}
          />
          <NumberInput
            label="Preference"
            placeholder="This site alone may"
            description="Where several sites may bring it, the lowest is preferred"
            min={0}
            max={65_535}
            allowDecimal={false}
            data-testid="allowance-preference"
            {...form.getInputProps('preference')}
          />
          {allowance && <p className="form-note">Routes that stay allowed are withdrawn nowhere.</p>}
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="allowance-save">
              {allowance ? 'Save' : 'Allow'}
            </Button>
          </div>
        </Stack>
      </form>
    </Modal>
  );
}
