import { Button, Checkbox, Group, Modal, Select, Slider, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { codePoints, type Match } from '../../classes/words.ts';
import { formatMoment } from '../../format/time.ts';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';

const addMutation = graphql(`
  mutation AddTrafficClass($input: AddTrafficClassInput!) {
    addTrafficClass(input: $input) { trafficClass { id } }
  }
`);
const updateMutation = graphql(`
  mutation UpdateTrafficClass($input: UpdateTrafficClassInput!) {
    updateTrafficClass(input: $input) { trafficClass { id } }
  }
`);

export interface EditableClass {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly match: Match;
  readonly compression: {
    readonly level: number;
    readonly acknowledgedBy: string;
    readonly acknowledgedAt: string;
  } | null;
}

interface ClassFormProps {
  /** The class to edit; without it a new one is added. */
  readonly trafficClass?: EditableClass;
  readonly onClose: () => void;
}

const protocols = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp'];
const usualLevel = 9;

/** What belongs to a class, and whether it is compressed. */
export function ClassForm({ trafficClass, onClose }: ClassFormProps) {
  const [original] = useState(trafficClass);
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: {
      name: original?.name ?? '',
      protocol: original?.match.protocol ?? '',
      ports: [...(original?.match.ports ?? [])],
      sources: [...(original?.match.sources ?? [])],
      destinations: [...(original?.match.destinations ?? [])],
      dscp: (original?.match.dscp ?? []).map(String),
      isCompressed: original?.compression != null,
      level: original?.compression?.level ?? usualLevel,
      isAcknowledged: false,
    },
    validate: {
      name: (name) => (name.trim() ? null : 'Give the class a name.'),
      dscp: (texts) => (codePoints(texts).length === texts.length ? null : 'Code points are numbers from 0 to 63.'),
    },
  });
  const { isCompressed, level, isAcknowledged } = form.values;
  const before = original?.compression ?? null;
  const needsWord = isCompressed && before?.level !== level;
  const submit = form.onSubmit(async ({ name, protocol, ports, sources, destinations, dscp }) => {
    setRefusal(null);
    if (needsWord && !isAcknowledged) {
      return form.setFieldError('isAcknowledged', 'Compression stays off until you say that you understand.');
    }
    const input = {
      name: name.trim(),
      match: { protocol: protocol || null, ports, sources, destinations, dscp: codePoints(dscp) },
      ...(needsWord && { compression: { level, acknowledgeLengthLeak: isAcknowledged } }),
      ...(!isCompressed && before !== null && { compression: null }),
    };
    const outcome = original
      ? await update.run({ input: { ...input, id: original.id, revision: original.revision } })
      : await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onClose();
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={original ? `Edit ${original.name}` : 'Add a traffic class'}
      size="lg"
      centered
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              placeholder="backups"
              data-autofocus
              data-testid="class-name"
              {...form.getInputProps('name')}
            />
            <Select
              label="Protocol"
              placeholder="Any"
              clearable
              data={protocols.map((value) => ({ value, label: value.toUpperCase() }))}
              {...form.getInputProps('protocol')}
              value={form.values.protocol || null}
            />
          </Group>
          <Group grow align="flex-start">
            <Tags form={form} field="ports" label="Ports" hint="443 or 8000-8099, of either end" />
            <Tags form={form} field="dscp" label="DSCP" hint="Code points, such as 46" />
          </Group>
          <Group grow align="flex-start">
            <Tags form={form} field="sources" label="From networks" hint="10.1.0.0/16" />
            <Tags form={form} field="destinations" label="To networks" hint="10.2.0.0/16" />
          </Group>
          <Switch
            mt="xs"
            label="Compress with LZ4 before encrypting"
            data-testid="class-compress"
            {...form.getInputProps('isCompressed', { type: 'checkbox' })}
          />
          {isCompressed && (
            <Stack gap="xs">
              <div>
                <div style={{ fontSize: '0.8125rem' }}>Level {level}</div>
                <Slider
                  min={0}
                  max={16}
                  value={level}
                  onChange={(next) => form.setFieldValue('level', next)}
                  label={null}
                  thumbLabel="Compression level"
                  marks={[{ value: 0 }, { value: 8 }, { value: 16 }]}
                />
                <div className="muted" style={{ fontSize: '0.75rem', marginTop: 6 }}>
                  Higher compresses more and costs more processor time. It pays on slow lines; what would not become
                  smaller is sent as it is.
                </div>
              </div>
              {needsWord ? (
                <>
                  <Notice tone="warn">
                    Whoever sees the encrypted packets sees how long they are, and a compressed length tells something
                    of what is inside. Somebody who can place text of their own beside a secret can guess the secret
                    that way (CRIME, VORACLE): good for backups, logs and replication, not for web traffic.
                  </Notice>
                  <Checkbox
                    label="I understand, and nobody can do that in this class. My name is kept with it."
                    data-testid="class-acknowledge"
                    {...form.getInputProps('isAcknowledged', { type: 'checkbox' })}
                  />
                </>
              ) : (
                <div className="muted" style={{ fontSize: '0.75rem' }}>
                  Acknowledged by {before?.acknowledgedBy}, {before && formatMoment(before.acknowledgedAt)}
                </div>
              )}
            </Stack>
          )}
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="class-save">
              {original ? 'Save' : 'Add class'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface TagsProps {
  readonly form: { getInputProps(path: string): object };
  readonly field: string;
  readonly label: string;
  readonly hint: string;
}

function Tags({ form, field, label, hint }: TagsProps) {
  return (
    <TagsInput
      label={label}
      description={hint}
      placeholder="Any"
      acceptValueOnBlur
      splitChars={[',', ' ']}
      data-testid={`class-${field}`}
      {...form.getInputProps(field)}
    />
  );
}
