import { NumberInput, SegmentedControl } from '@mantine/core';
import type { EditablePolicy, Priority } from '../../policies/draft.ts';
import { dscpChoices } from '../../policies/dscp.ts';
import { FormSection } from '../form-section.tsx';
import { SearchSelect } from '../search-select.tsx';
import { CompressionFields } from './compression-fields.tsx';
import type { PolicyFormState } from './form.ts';
import { priorityHints, priorityNames } from './words.ts';

/** What is done for them while they are on their way. */
export function TreatmentFields({ form, before }: { form: PolicyFormState; before: EditablePolicy | undefined }) {
  const { priority, mark } = form.values;
  return (
    <FormSection title="Treatment" lead="What is done for them on the way.">
      <div>
        <div className="mantine-InputWrapper-label" id="policy-priority">
          Priority
        </div>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-labelledby="policy-priority"
          data={Object.entries(priorityNames).map(([value, label]) => ({ value, label }))}
          value={priority}
          onChange={(value) => form.setFieldValue('priority', value as Priority)}
        />
        <p className="form-note">{priorityHints[priority]}</p>
      </div>
      <div className="form-row">
        <NumberInput
          label="Limit"
          description="Most of an uplink’s rate"
          placeholder="All that is free"
          suffix=" %"
          min={1}
          max={100}
          allowDecimal={false}
          {...form.getInputProps('limitPercent')}
          onChange={(value) => form.setFieldValue('limitPercent', value === '' ? '' : Number(value))}
        />
        <SearchSelect
          label="Mark"
          description="DSCP that they leave with"
          placeholder="As it comes"
          clearable
          data={dscpChoices as never}
          {...form.getInputProps('mark')}
          value={mark || null}
          onChange={(value) => form.setFieldValue('mark', value ?? '')}
        />
      </div>
      <CompressionFields form={form} before={before} />
    </FormSection>
  );
}
