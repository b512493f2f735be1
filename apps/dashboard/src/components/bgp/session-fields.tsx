import { Checkbox, NumberInput, PasswordInput } from '@mantine/core';
import { FormSection } from '../form-section.tsx';
import type { NeighbourFieldsProps } from './form.ts';

interface SessionFieldsProps extends NeighbourFieldsProps {
  /** One is set already; it is never shown. */
  readonly hasKey: boolean;
}

/** How the session is held, and against whom it is guarded. */
export function SessionFields({ form, hasKey }: SessionFieldsProps) {
  const { removesKey, holdSeconds } = form.values;
  return (
    <FormSection title="Session" lead="How it is held, how soon a loss is known, and what guards it.">
      <div className="form-row">
        <NumberInput
          label="Hold time"
          description="Silence that ends it"
          suffix=" s"
          min={0}
          allowDecimal={false}
          data-testid="neighbour-hold-time"
          {...form.getInputProps('holdSeconds')}
        />
        <NumberInput
          label="Keepalive"
          description="How often a sign of life is sent"
          placeholder={`${Math.floor(Number(holdSeconds) / 3)} s, a third of the hold time`}
          suffix=" s"
          min={1}
          allowDecimal={false}
          data-testid="neighbour-keepalive"
          {...form.getInputProps('keepaliveSeconds')}
        />
      </div>
      <PasswordInput
        label="Key"
        placeholder={hasKey ? 'A key is set; leave empty to keep it' : 'None'}
        description="TCP MD5 (RFC 2385), the same at the router. It is stored, and never shown again."
        autoComplete="new-password"
        disabled={removesKey}
        data-testid="neighbour-key"
        {...form.getInputProps('key')}
      />
      {hasKey && (
        <Checkbox
          label="Remove the key that is set"
          data-testid="neighbour-removes-key"
          {...form.getInputProps('removesKey', { type: 'checkbox' })}
        />
      )}
      <Checkbox
        label="BFD ends it"
        description="As soon as BFD says that the router is gone (RFC 5882). The router has to run BFD too."
        data-testid="neighbour-bfd"
        {...form.getInputProps('bfd', { type: 'checkbox' })}
      />
      <Checkbox
        label="TTL security"
        description="Nothing is taken from further than one hop away (RFC 5082)."
        data-testid="neighbour-gtsm"
        {...form.getInputProps('gtsm', { type: 'checkbox' })}
      />
      <Checkbox
        label="Wait for its call"
        description="The gateway opens no connection to it."
        data-testid="neighbour-passive"
        {...form.getInputProps('passive', { type: 'checkbox' })}
      />
    </FormSection>
  );
}
