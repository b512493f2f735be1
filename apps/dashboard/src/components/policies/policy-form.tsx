import { Button, Modal, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { doubtsOf, draftOf, type EditablePolicy, inputOf, needsAcknowledgement } from '../../policies/draft.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';
import { ActionFields } from './action-fields.tsx';
import { MatchFields } from './match-fields.tsx';
import { PathFields } from './path-fields.tsx';
import { TreatmentFields } from './treatment-fields.tsx';
import { useOffers } from './use-offers.ts';

const addMutation = graphql(`
  mutation AddPolicy($input: AddPolicyInput!) {
    addPolicy(input: $input) { policy { id } warnings }
  }
`);
const updateMutation = graphql(`
  mutation UpdatePolicy($input: UpdatePolicyInput!) {
    updatePolicy(input: $input) { policy { id } warnings }
  }
`);

interface PolicyFormProps {
  /** The policy to edit; without it a new one is added. */
  readonly policy?: EditablePolicy;
  readonly onClose: () => void;
  /** `warnings`: what the fabric found that deserves a second look. */
  readonly onSaved: (name: string, warnings: readonly string[]) => void;
}

/** Which packets belong to a policy, and all that is done for them. */
export function PolicyForm({ policy, onClose, onSaved }: PolicyFormProps) {
  // What it was when it was opened: a change by somebody else meanwhile must not slip in.
  const [before] = useState(policy);
  const offers = useOffers();
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: draftOf(before),
    validate: {
      name: (name) => (name.trim() ? null : 'Give the policy a name.'),
      path: {
        labels: (labels, { path }) =>
          path.mode === 'ORDERED' && labels.length === 0 ? 'Name the uplink to take first.' : null,
        weights: (weights, { path }) =>
          path.mode === 'BALANCE' && weights.length === 0 ? 'Name the uplinks to spread over.' : null,
      },
      compression: {
        acknowledgeLengthLeak: (isSaid, draft) =>
          needsAcknowledgement(draft, before) && !isSaid
            ? 'Compression stays off until you say that you understand.'
            : null,
      },
    },
  });
  const submit = form.onSubmit(async (draft) => {
    setRefusal(null);
    const input = inputOf(draft, before);
    const outcome = before
      ? await update.run({ input: { ...input, id: before.id, revision: before.revision } })
      : await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    const saved = 'addPolicy' in outcome.data ? outcome.data.addPolicy : outcome.data.updatePolicy;
    onSaved(input.name, saved.warnings);
  });
  const doubts = doubtsOf(form.values, new Set(offers.labels));
  const isAllowed = form.values.action === 'ALLOW';
  return (
    <Modal
      opened
      onClose={onClose}
      title={before ? `Edit ${before.name}` : 'Add a policy'}
      size={860}
      centered
      classNames={{ body: 'form-body' }}
    >
      <form onSubmit={submit} noValidate>
        {refusal && <Notice tone="down">{refusal}</Notice>}
        <TextInput
          label="Name"
          placeholder="voice"
          data-autofocus
          data-testid="policy-name"
          {...form.getInputProps('name')}
        />
        <MatchFields form={form} offers={offers} />
        <ActionFields form={form} offers={offers} />
        {isAllowed && <PathFields form={form} offers={offers} />}
        {form.values.action !== 'DENY' && <TreatmentFields form={form} before={before} />}
        <div className="form-foot">
          {doubts.length > 0 && (
            <Notice tone="warn">
              {doubts.map((doubt) => (
                <div key={doubt}>{doubt}</div>
              ))}
            </Notice>
          )}
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="policy-save">
              {before ? 'Save' : 'Add policy'}
            </Button>
          </div>
        </div>
      </form>
    </Modal>
  );
}
