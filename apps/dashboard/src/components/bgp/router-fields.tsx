import { NumberInput, TextInput } from '@mantine/core';
import { FormSection } from '../form-section.tsx';
import { SearchSelect } from '../search-select.tsx';
import type { NeighbourFieldsProps } from './form.ts';

interface RouterFieldsProps extends NeighbourFieldsProps {
  readonly gateways: { value: string; label: string }[];
  /** It is there already: it stays at its gateway. */
  readonly isKnown: boolean;
}

/** Who is spoken with. */
export function RouterFields({ form, gateways, isKnown }: RouterFieldsProps) {
  return (
    <FormSection title="Router" lead="Who it is, and where its gateway finds it.">
      <div className="form-row">
        <TextInput
          label="Name"
          placeholder="core"
          data-autofocus
          data-testid="neighbour-name"
          {...form.getInputProps('name')}
        />
        <SearchSelect
          label="At"
          placeholder="Gateway"
          disabled={isKnown}
          data={gateways}
          data-testid="neighbour-at"
          {...form.getInputProps('edgeId')}
        />
      </div>
      <div className="form-row">
        <TextInput
          label="Address"
          placeholder="10.1.0.1"
          classNames={{ input: 'mono' }}
          data-testid="neighbour-address"
          {...form.getInputProps('address')}
        />
        <NumberInput
          label="AS number"
          placeholder="65001"
          min={0}
          max={4_294_967_295}
          allowDecimal={false}
          hideControls
          data-testid="neighbour-as"
          {...form.getInputProps('remoteAs')}
        />
      </div>
      <TextInput
        label="Interface"
        placeholder="None: it is several hops away"
        description="Of the gateway, that the router is on"
        classNames={{ input: 'mono' }}
        data-testid="neighbour-interface"
        {...form.getInputProps('interface')}
      />
    </FormSection>
  );
}
