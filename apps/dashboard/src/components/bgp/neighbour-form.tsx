import { Button, Modal } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import {
  addInput,
  changeOf,
  draftOf,
  type EditableNeighbour,
  type PolicyDraft,
  resetReasons,
} from '../../bgp/neighbour.ts';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';
import { ExportFields, ImportFields } from './direction-fields.tsx';
import { RouterFields } from './router-fields.tsx';
import { SessionFields } from './session-fields.tsx';

const gatewaysQuery = graphql(`
  query BgpGateways {
    sites(first: 500, sort: { field: NAME }) { edges { node { id name edges { id name } } } }
  }
`);
const addMutation = graphql(`
  mutation AddBgpNeighbour($input: AddBgpNeighbourInput!) { addBgpNeighbour(input: $input) { bgpNeighbour { id } } }
`);
const updateMutation = graphql(`
  mutation UpdateBgpNeighbour($input: UpdateBgpNeighbourInput!) {
    updateBgpNeighbour(input: $input) { bgpNeighbour { id } }
  }
`);

const namesPrefix = (prefixes: string[], { passes }: PolicyDraft) =>
  passes === 'prefixes' && prefixes.length === 0 ? 'Name a prefix, or let nothing pass.' : null;

interface NeighbourFormProps {
  /** The router to change; without it a new one is added. */
  readonly neighbour?: EditableNeighbour & { readonly session: { readonly state: string } | null };
  readonly onClose: () => void;
}

/** A router that a gateway speaks BGP with: who it is, what passes in each direction, and how the session is held. */
export function NeighbourForm({ neighbour, onClose }: NeighbourFormProps) {
  // What it was when it was opened: only what is changed here is sent.
  const [before] = useState(neighbour);
  const sites = useLiveQuery(gatewaysQuery, {}).data?.sites.edges ?? [];
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: draftOf(before),
    validate: {
      edgeId: (id) => (id ? null : 'Choose the gateway that the router is at.'),
      name: (name) => (name.trim() ? null : 'Give the neighbour a name.'),
      address: (address) => (address.trim() ? null : 'Give the address that the router speaks from.'),
      remoteAs: (as) => (as === '' ? 'Give the AS number of the router.' : null),
      import: { prefixes: (prefixes, draft) => namesPrefix(prefixes, draft.import) },
      export: { prefixes: (prefixes, draft) => namesPrefix(prefixes, draft.export) },
      maxPrefixes: (most) => (most === '' ? 'Say how many; 10000 is usual.' : null),
      restartAfterSeconds: (seconds) => (seconds === '' ? 'Say how long; 300 s is usual.' : null),
      holdSeconds: (seconds) => (seconds === '' ? 'Say how long; 90 s is usual, 0 is for ever.' : null),
    },
  });
  const submit = form.onSubmit(async (draft) => {
    setRefusal(null);
    const change = before && changeOf(draft, before);
    if (change && Object.keys(change).length === 0) return onClose();
    const outcome = before
      ? await update.run({ input: { id: before.id, ...change } })
      : await add.run({ input: addInput(draft) });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  const gateways = sites.flatMap(({ node }) =>
    node.edges.map(({ id, name }) => ({
      value: id,
      label: node.edges.length > 1 ? `${node.name}: ${name}` : node.name,
    })),
  );
  const isUp = before?.session?.state === 'ESTABLISHED';
  const reasons = before && isUp ? resetReasons(changeOf(form.values, before)) : [];
  return (
    <Modal
      opened
      onClose={onClose}
      title={before ? `Edit ${before.name}` : 'Add a BGP neighbour'}
      size={860}
      centered
      classNames={{ body: 'form-body' }}
    >
      <form onSubmit={submit} noValidate data-testid="neighbour-form">
        {refusal && <Notice tone="down">{refusal}</Notice>}
        <RouterFields form={form} gateways={gateways} isKnown={before !== undefined} />
        <ImportFields form={form} />
        <ExportFields form={form} />
        <SessionFields form={form} hasKey={before?.hasKey ?? false} />
        <div className="form-foot">
          {reasons.length > 0 && (
            <Notice tone="warn">
              Saving ends the session, and it begins anew: {reasons.join(', ')}. Until then its routes are gone.
            </Notice>
          )}
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="neighbour-save">
              {before ? 'Save' : 'Add neighbour'}
            </Button>
          </div>
        </div>
      </form>
    </Modal>
  );
}
