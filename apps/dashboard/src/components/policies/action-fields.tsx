import { IconBan, IconRoute, IconWorld } from '@tabler/icons-react';
import type { PolicyAction } from '../../policies/draft.ts';
import { type Choice, Choices } from '../choices.tsx';
import { FormSection } from '../form-section.tsx';
import { LabelList } from '../label-list.tsx';
import type { Offers, PolicyFormState } from './form.ts';

const actions: readonly Choice<PolicyAction>[] = [
  {
    value: 'ALLOW',
    label: 'Allow',
    hint: 'Through the tunnels to the other sites.',
    icon: <IconRoute size={15} stroke={1.8} aria-hidden="true" />,
  },
  {
    value: 'DENY',
    label: 'Deny',
    hint: 'Dropped at the gateway it comes from, and counted.',
    icon: <IconBan size={15} stroke={1.8} aria-hidden="true" />,
  },
  {
    value: 'BREAKOUT',
    label: 'Break out',
    hint: 'Straight to the internet at its own site, behind the uplink’s address.',
    icon: <IconWorld size={15} stroke={1.8} aria-hidden="true" />,
  },
];

/** What becomes of them. */
export function ActionFields({ form, offers }: { form: PolicyFormState; offers: Offers }) {
  return (
    <FormSection title="Action" lead="What becomes of them.">
      <Choices
        label="Action"
        name="policy-action"
        choices={actions}
        value={form.values.action}
        onChange={(action) => form.setFieldValue('action', action)}
      />
      {form.values.action === 'BREAKOUT' && (
        <LabelList
          label="Uplinks, in order"
          hint="The first that reaches the internet is taken. None named: the cheapest first."
          items={form.values.breakoutLabels}
          labelOf={(label) => label}
          make={(label) => label}
          known={offers.labels}
          onChange={(labels) => form.setFieldValue('breakoutLabels', labels)}
          error={form.errors.breakoutLabels}
          isOrdered
        />
      )}
    </FormSection>
  );
}
