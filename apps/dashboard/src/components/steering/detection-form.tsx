import { Button, NumberInput, Switch } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { useMay } from '../../rights/use-may.ts';
import { Notice } from '../notice.tsx';

export const timersQuery = graphql(`
  query Detection { bfdTimers { intervalMs realtimeIntervalMs idleIntervalMs multiplier suspectsSilence } }
`);
const updateMutation = graphql(`
  mutation UpdateBfd($input: UpdateBfdInput!) { updateBfd(input: $input) { bfd { intervalMs } } }
`);

type Timers = ResultOf<typeof timersQuery>['bfdTimers'];

const fields = [
  { name: 'intervalMs', label: 'Asked every', suffix: ' ms', note: 'with traffic' },
  { name: 'realtimeIntervalMs', label: 'Realtime', suffix: ' ms', note: 'where a realtime policy may be carried' },
  { name: 'idleIntervalMs', label: 'Idle', suffix: ' ms', note: 'where nothing was carried for a while' },
  { name: 'multiplier', label: 'Down after', suffix: ' missed', note: 'in either direction' },
] as const;

/** How the failure of a tunnel is noticed: BFD's timers, and whether silence of a talking path counts. */
export function DetectionForm({ timers }: { timers: Timers }) {
  const may = useMay();
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: { ...timers } as Record<(typeof fields)[number]['name'], number | string> & {
      suspectsSilence: boolean;
    },
  });
  const submit = form.onSubmit(async (values) => {
    setRefusal(null);
    const outcome = await update.run({ input: values as never });
    if ('problem' in outcome) setRefusal(showAtFields(form, outcome.problem));
    else form.resetDirty();
  });
  const isLocked = !may('bfd.update');
  return (
    <form onSubmit={submit} noValidate className="figures" data-testid="detection-form">
      {refusal && <Notice tone="down">{refusal}</Notice>}
      <div className="figure-fields">
        {fields.map(({ name, label, suffix, note }) => (
          <NumberInput
            key={name}
            label={label}
            description={note}
            suffix={suffix}
            min={1}
            thousandSeparator=""
            hideControls
            disabled={isLocked}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            data-testid={`bfd-${name}`}
            {...form.getInputProps(name)}
          />
        ))}
      </div>
      <Switch
        label="Leave a path that falls silent while it was talking"
        description="Within some 30 ms, before BFD knows. Senders that pause say so, and are not taken for it."
        disabled={isLocked}
        data-testid="bfd-suspectsSilence"
        {...form.getInputProps('suspectsSilence', { type: 'checkbox' })}
      />
      {!isLocked && (
        <div className="form-buttons">
          <Button type="submit" variant="default" disabled={!form.isDirty()} loading={update.isRunning}>
            Apply to every gateway
          </Button>
        </div>
      )}
    </form>
  );
}
