import { Button, Modal, Stack, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';

const addMutation = graphql(`
  mutation AddApplication($input: AddApplicationInput!) { addApplication(input: $input) { application { id } } }
`);
const updateMutation = graphql(`
  mutation UpdateApplication($input: UpdateApplicationInput!) {
    updateApplication(input: $input) { application { id } }
  }
`);

interface ApplicationFormProps {
  /** The application to edit; without it a new one is added. */
  readonly application?: {
    readonly id: string;
    readonly name: string;
    readonly ports: readonly string[];
    readonly prefixes: readonly string[];
    readonly names: readonly string[];
    readonly revision: number | null;
  };
  readonly onClose: () => void;
}

const fields = [
  { field: 'names', label: 'Domain names', hint: 'crm.example.net; also stands for all below it', splits: [',', ' '] },
  { field: 'prefixes', label: 'Networks', hint: '203.0.113.0/24, of either end', splits: [',', ' '] },
  { field: 'ports', label: 'Ports', hint: 'tcp/443 or udp/8000-8099', splits: [','] },
] as const;

/** What an application of one's own is known by: any of these. */
export function ApplicationForm({ application, onClose }: ApplicationFormProps) {
  const [before] = useState(application);
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: {
      name: before?.name ?? '',
      names: [...(before?.names ?? [])],
      prefixes: [...(before?.prefixes ?? [])],
      ports: [...(before?.ports ?? [])],
    },
    validate: { name: (name) => (name.trim() ? null : 'Give the application a name.') },
  });
  const submit = form.onSubmit(async (values) => {
    setRefusal(null);
    const input = { ...values, name: values.name.trim() };
    const outcome = before
      ? await update.run({ input: { ...input, id: before.id, revision: before.revision } })
      : await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={before ? `Edit ${before.name}` : 'Add an application'} size="md" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <TextInput
            label="Name"
            placeholder="Our CRM"
            data-autofocus
            data-testid="application-name"
            {...form.getInputProps('name')}
          />
          {fields.map(({ field, label, hint, splits }) => (
            <TagsInput
              key={field}
              label={label}
              description={hint}
              acceptValueOnBlur
              splitChars={[...splits]}
              data-testid={`application-${field}`}
              {...form.getInputProps(field)}
            />
          ))}
          <p className="form-note">Any one of these is enough for a conversation to belong to it.</p>
          <div className="form-buttons">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="application-save">
              {before ? 'Save' : 'Add application'}
            </Button>
          </div>
        </Stack>
      </form>
    </Modal>
  );
}
