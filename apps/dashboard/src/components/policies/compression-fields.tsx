import { Checkbox, Slider, Stack, Switch } from '@mantine/core';
import { formatMoment } from '../../format/time.ts';
import { type EditablePolicy, needsAcknowledgement } from '../../policies/draft.ts';
import { Notice } from '../notice.tsx';
import type { PolicyFormState } from './form.ts';

/** LZ4, off until somebody says that they know what lengths give away. */
export function CompressionFields({ form, before }: { form: PolicyFormState; before: EditablePolicy | undefined }) {
  const { isOn, level } = form.values.compression;
  const known = before?.compression;
  return (
    <>
      <Switch
        label="Compress with LZ4 before encrypting"
        data-testid="policy-compress"
        {...form.getInputProps('compression.isOn', { type: 'checkbox' })}
      />
      {isOn && (
        <Stack gap="xs">
          <div>
            <div className="mantine-InputWrapper-label">Level {level}</div>
            <Slider
              min={0}
              max={16}
              value={level}
              onChange={(next) => form.setFieldValue('compression.level', next)}
              label={null}
              thumbLabel="Compression level"
              marks={[{ value: 0 }, { value: 8 }, { value: 16 }]}
            />
            <p className="form-note">
              Higher compresses more and costs more processor time. It pays on slow lines; what would not become smaller
              is sent as it is.
            </p>
          </div>
          {needsAcknowledgement(form.values, before) ? (
            <>
              <Notice tone="warn">
                Whoever sees the encrypted packets sees how long they are, and a compressed length tells something of
                what is inside. Somebody who can place text of their own beside a secret can guess the secret that way
                (CRIME, VORACLE): good for backups, logs and replication, not for web traffic.
              </Notice>
              <Checkbox
                label="I understand, and nobody can do that in this policy. My name is kept with it."
                data-testid="policy-acknowledge"
                {...form.getInputProps('compression.acknowledgeLengthLeak', { type: 'checkbox' })}
              />
            </>
          ) : (
            <p className="form-note">
              Acknowledged by {known?.acknowledgedBy}, {known && formatMoment(known.acknowledgedAt)}
            </p>
          )}
        </Stack>
      )}
    </>
  );
}
