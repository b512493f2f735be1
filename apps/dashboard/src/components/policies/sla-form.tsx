import { Button, Modal, NumberInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import type { Bounds } from '../../policies/words.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';

const addMutation = graphql(`
  mutation AddSlaClass($input: AddSlaClassInput!) { addSlaClass(input: $input) { slaClass { id } } }
`);
const updateMutation = graphql(`
  mutation UpdateSlaClass($input: UpdateSlaClassInput!) { updateSlaClass(input: $input) { slaClass { id } } }
`);

interface SlaFormProps {
  /** With an id it is changed; without one it is what a new class begins with. */
  readonly start: Bounds & { readonly id?: string; readonly name: string; readonly revision?: number };
  readonly onClose: () => void;
}

const bounds = [
  { field: 'roundTripMs', label: 'Round trip, at most', suffix: ' ms', max: 60_000 },
  { field: 'jitterMs', label: 'Jitter, at most', suffix: ' ms', max: 60_000 },
  { field: 'lossPercent', label: 'Loss, at most', suffix: ' %', max: 100 },
  { field: 'mos', label: 'Voice quality (MOS), at least', suffix: '', max: 4.5 },
] as const;

/** The bounds that a path has to meet in both directions. */
export function SlaForm({ start, onClose }: SlaFormProps) {
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: {
      name: start.name,
      roundTripMs: start.roundTripMs ?? '',
      jitterMs: start.jitterMs ?? '',
      lossPercent: start.lossPercent ?? '',
      mos: start.mos ?? '',
    } as { name: string } & Record<keyof Bounds, number | string>,
    validate: { name: (name) => (name.trim() ? null : 'Give the class a name.') },
  });
  const submit = form.onSubmit(async (values) => {
    setRefusal(null);
    const bound = (field: keyof Bounds) => (values[field] === '' ? null : Number(values[field]));
    const input = {
      name: values.name.trim(),
      ...{ roundTripMs: bound('roundTripMs'), jitterMs: bound('jitterMs') },
      ...{ lossPercent: bound('lossPercent'), mos: bound('mos') },
    };
    const { id, revision = null } = start;
    const outcome = id ? await update.run({ input: { ...input, id, revision } }) : await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={start.id ? `Edit ${start.name}` : 'Add an SLA class'} size="md" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <TextInput
            label="Name"
            placeholder="Voice"
            data-autofocus
            data-testid="sla-name"
            {...form.getInputProps('name')}
          />
          <div className="form-row">
            {bounds.map(({ field, label, suffix, max }) => (
              <NumberInput
                key={field}
                label={label}
                placeholder="Not asked for"
                suffix={suffix}
                min={0}
                max={max}
                decimalScale={3}
                data-testid={`sla-${field}`}
                {...form.getInputProps(field)}
              />
            ))}
          </div>
          <p className="form-note">
            All that is given has to hold, in both directions. A path that misses a bound is left for one that meets it.
          </p>
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="sla-save">
              {start.id ? 'Save' : 'Add class'}
            </Button>
          </div>
        </Stack>
      </form>
    </Modal>
  );
}
