import { Button, Checkbox, Modal, NumberInput, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { type Direction, policyInput } from '../../bgp/ranges.ts';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';

const gatewaysQuery = graphql(`
  query BgpGateways {
    sites(first: 500, sort: { field: NAME }) { edges { node { id name edges { id name } } } }
  }
`);
const addMutation = graphql(`
  mutation AddBgpNeighbour($input: AddBgpNeighbourInput!) { addBgpNeighbour(input: $input) { bgpNeighbour { id } } }
`);

const passes = [
  { value: 'everything', label: 'Everything' },
  { value: 'prefixes', label: 'Only these prefixes' },
  { value: 'nothing', label: 'Nothing' },
];

const blank = {
  ...{ edgeId: '', name: '', address: '', remoteAs: '' as number | string, interface: '', key: '' },
  ...{ import: 'everything', importPrefixes: '', export: 'everything', exportPrefixes: '' },
  ...{ communities: '', localPreference: '' as number | string, maxPrefixes: '' as number | string },
  ...{ holdSeconds: '' as number | string, passive: false, gtsm: false, bfd: true },
};

/** A router that a gateway is to speak BGP with. */
export function NeighbourForm({ onClose }: { onClose: () => void }) {
  const add = useChange(addMutation);
  const sites = useLiveQuery(gatewaysQuery, {}).data?.sites.edges ?? [];
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: blank,
    validate: {
      edgeId: (id) => (id ? null : 'Choose the gateway that the router is at.'),
      name: (name) => (name.trim() ? null : 'Give the neighbour a name.'),
      address: (address) => (address.trim() ? null : 'Give the address that the router speaks from.'),
      remoteAs: (as) => (as === '' ? 'Give the AS number of the router.' : null),
    },
  });
  const submit = form.onSubmit(async (values) => {
    setRefusal(null);
    const number = (value: number | string) => (value === '' ? null : Number(value));
    const communities = values.communities.split(/[\s,]+/).filter((one) => one !== '');
    const input = {
      ...{ edgeId: values.edgeId, name: values.name.trim(), address: values.address.trim() },
      ...{ remoteAs: Number(values.remoteAs), interface: values.interface.trim() || null, key: values.key || null },
      ...{ passive: values.passive, gtsm: values.gtsm, bfd: values.bfd },
      ...{ holdSeconds: number(values.holdSeconds), maxPrefixes: number(values.maxPrefixes), keepaliveSeconds: null },
      import: policyInput(values.import as Direction, values.importPrefixes, {
        ...{ communities, localPreference: number(values.localPreference) },
      }),
      export: policyInput(values.export as Direction, values.exportPrefixes, {}),
    };
    const outcome = await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  const gateways = sites.flatMap(({ node }) =>
    node.edges.map(({ id, name }) => ({
      value: id,
      label: node.edges.length > 1 ? `${node.name}: ${name}` : node.name,
    })),
  );
  return (
    <Modal opened onClose={onClose} title="Add a BGP neighbour" size="lg" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <div className="form-row">
            <Select label="At" placeholder="Gateway" searchable data={gateways} {...form.getInputProps('edgeId')} />
            <TextInput label="Name" placeholder="Core" data-testid="neighbour-name" {...form.getInputProps('name')} />
          </div>
          <div className="form-row">
            <TextInput
              label="Address"
              placeholder="10.1.0.1"
              data-testid="neighbour-address"
              {...form.getInputProps('address')}
            />
            <NumberInput
              label="AS number"
              placeholder="65001"
              min={0}
              max={4_294_967_295}
              hideControls
              data-testid="neighbour-as"
              {...form.getInputProps('remoteAs')}
            />
            <TextInput
              label="Interface"
              placeholder="Several hops away"
              description="Of the gateway, that the router is on"
              {...form.getInputProps('interface')}
            />
          </div>
          <div className="form-row">
            <Select label="It may bring" data={passes} allowDeselect={false} {...form.getInputProps('import')} />
            {form.values.import === 'prefixes' && (
              <TextInput label="Prefixes in" placeholder="172.16.0.0/12-24" {...form.getInputProps('importPrefixes')} />
            )}
            <Select label="It is told" data={passes} allowDeselect={false} {...form.getInputProps('export')} />
            {form.values.export === 'prefixes' && (
              <TextInput label="Prefixes out" placeholder="10.0.0.0/8-24" {...form.getInputProps('exportPrefixes')} />
            )}
          </div>
          <div className="form-row">
            <TextInput label="Communities" placeholder="65000:1" {...form.getInputProps('communities')} />
            <NumberInput
              label="Local preference"
              placeholder="100"
              min={0}
              {...form.getInputProps('localPreference')}
            />
            <NumberInput label="Prefixes, at most" placeholder="10000" min={1} {...form.getInputProps('maxPrefixes')} />
            <NumberInput
              label="Hold time"
              placeholder="90 s"
              suffix=" s"
              min={0}
              {...form.getInputProps('holdSeconds')}
            />
          </div>
          <PasswordInput
            label="Key"
            placeholder="None"
            description="TCP MD5 (RFC 2385). It is stored, and never shown again."
            autoComplete="new-password"
            {...form.getInputProps('key')}
          />
          <div className="form-row">
            <Checkbox label="BFD ends the session" {...form.getInputProps('bfd', { type: 'checkbox' })} />
            <Checkbox label="Only from one hop away" {...form.getInputProps('gtsm', { type: 'checkbox' })} />
            <Checkbox label="Wait for its call" {...form.getInputProps('passive', { type: 'checkbox' })} />
          </div>
          <p className="form-note">
            Whatever a router brings, other gateways take only what its site may bring into the fabric.
          </p>
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning} data-testid="neighbour-save">
              Add neighbour
            </Button>
          </div>
        </Stack>
      </form>
    </Modal>
  );
}
