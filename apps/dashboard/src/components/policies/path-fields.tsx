import { Select } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { PathWish } from '../../policies/words.ts';
import { type Choice, Choices } from '../choices.tsx';
import { FormSection } from '../form-section.tsx';
import { LabelList, Weight } from '../label-list.tsx';
import type { Offers, PolicyFormState } from './form.ts';

const modes: readonly Choice<PathWish['mode']>[] = [
  { value: 'CHEAPEST', label: 'Cheapest', hint: 'The lowest cost of both uplinks.' },
  { value: 'BEST', label: 'Best', hint: 'The best by the measures of the SLA class.' },
  { value: 'ORDERED', label: 'In order', hint: 'The first label in your order.' },
  { value: 'BALANCE', label: 'Balanced', hint: 'Flows are spread by weight, each on one path.' },
  { value: 'DUPLICATE', label: 'Duplicated', hint: 'Every packet over the two best; the first to arrive counts.' },
  { value: 'FEC', label: 'Error correction', hint: 'Parity packets, as many as the measured loss asks for.' },
];

/** Which of the paths they take. */
export function PathFields({ form, offers }: { form: PolicyFormState; offers: Offers }) {
  const { path, slaClassId } = form.values;
  const chosen = offers.slaClasses.find(({ id }) => id === slaClassId);
  return (
    <FormSection
      title="Path"
      lead="Of the paths that meet the SLA class, which one is taken. While none meets it: the one that misses it least."
    >
      <Select
        label="SLA class"
        description={chosen?.bounds ?? 'Without one, every path that is up will do.'}
        placeholder="None"
        clearable
        data={offers.slaClasses.map(({ id, name }) => ({ value: id, label: name }))}
        data-testid="policy-sla"
        {...form.getInputProps('slaClassId')}
        value={slaClassId || null}
        onChange={(value) => form.setFieldValue('slaClassId', value ?? '')}
      />
      {offers.slaClasses.length === 0 && (
        <p className="form-note">
          There is none yet: <Link to="/policies/sla">make one from a preset</Link>.
        </p>
      )}
      <Choices
        label="Which path"
        name="policy-path"
        choices={modes}
        value={path.mode}
        onChange={(mode) => form.setFieldValue('path.mode', mode)}
      />
      {path.mode === 'ORDERED' && (
        <LabelList
          label="Uplinks, in order"
          hint="Labels of the sending site. Those that are not named come last."
          items={path.labels}
          labelOf={(label) => label}
          make={(label) => label}
          known={offers.labels}
          onChange={(labels) => form.setFieldValue('path.labels', labels)}
          error={form.errors['path.labels']}
          isOrdered
        />
      )}
      {path.mode === 'BALANCE' && (
        <LabelList
          label="Weights"
          hint="How flows are spread over the uplinks of the sending site."
          items={path.weights}
          labelOf={({ label }) => label}
          make={(label) => ({ label, weight: 1 })}
          known={offers.labels}
          onChange={(weights) => form.setFieldValue('path.weights', weights)}
          error={form.errors['path.weights']}
          extra={(item, change) => <Weight item={item} all={path.weights} onChange={change} />}
        />
      )}
    </FormSection>
  );
}
