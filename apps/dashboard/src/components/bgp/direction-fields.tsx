import { NumberInput, TagsInput } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Passes } from '../../bgp/neighbour.ts';
import { type Choice, Choices } from '../choices.tsx';
import { FormSection } from '../form-section.tsx';
import type { NeighbourFieldsProps } from './form.ts';

const inwards: readonly Choice<Passes>[] = [
  { value: 'everything', label: 'Everything', hint: 'All that its site may bring.' },
  { value: 'prefixes', label: 'Only these', hint: 'Of what its site may bring.' },
  { value: 'nothing', label: 'Nothing', hint: 'It is only told.' },
];
const outwards: readonly Choice<Passes>[] = [
  { value: 'everything', label: 'Everything', hint: 'All that the gateway knows.' },
  { value: 'prefixes', label: 'Only these', hint: 'Of what the gateway knows.' },
  { value: 'nothing', label: 'Nothing', hint: 'It only brings.' },
];

/** What the router may bring, and what that gets on its way. */
export function ImportFields({ form }: NeighbourFieldsProps) {
  return (
    <FormSection
      title="It may bring"
      lead="Whatever it brings, other gateways take only what its site may bring into the fabric."
    >
      <Passing form={form} direction="import" choices={inwards}>
        <NumberInput
          label="Local preference"
          description="Of several routers’ routes the highest is taken"
          placeholder="100"
          min={0}
          allowDecimal={false}
          data-testid="neighbour-local-preference"
          {...form.getInputProps('import.localPreference')}
        />
      </Passing>
      <div className="form-row">
        <NumberInput
          label="Prefixes, at most"
          description="The session ends above this"
          min={1}
          allowDecimal={false}
          data-testid="neighbour-max-prefixes"
          {...form.getInputProps('maxPrefixes')}
        />
        <NumberInput
          label="Called again after"
          description="When the session ended for that"
          suffix=" s"
          min={1}
          allowDecimal={false}
          data-testid="neighbour-restart-after"
          {...form.getInputProps('restartAfterSeconds')}
        />
      </div>
    </FormSection>
  );
}

/** What the router is told, and what that gets on its way. */
export function ExportFields({ form }: NeighbourFieldsProps) {
  return (
    <FormSection title="It is told" lead="LANs of other sites, and what their routers bring.">
      <Passing form={form} direction="export" choices={outwards} />
    </FormSection>
  );
}

interface PassingProps extends NeighbourFieldsProps {
  readonly direction: 'import' | 'export';
  readonly choices: readonly Choice<Passes>[];
  /** What else a route that passes gets, beside its communities. */
  readonly children?: ReactNode;
}

function Passing({ form, direction, choices, children }: PassingProps) {
  const { passes, prefixes, communities } = form.values[direction];
  return (
    <>
      <Choices
        label="What passes"
        name={`neighbour-${direction}`}
        choices={choices}
        value={passes}
        onChange={(value) => form.setFieldValue(`${direction}.passes`, value)}
      />
      {passes === 'prefixes' && (
        <TagsInput
          label="Prefixes"
          description="With what lies inside of them, up to the length behind the dash. Press Enter after each."
          placeholder={prefixes.length === 0 ? '172.16.0.0/12-24' : ''}
          acceptValueOnBlur
          splitChars={[',', ' ']}
          data-testid={`neighbour-${direction}-prefixes`}
          {...form.getInputProps(`${direction}.prefixes`)}
        />
      )}
      {passes !== 'nothing' && (
        <div className={children ? 'form-row' : ''}>
          <TagsInput
            label="Communities"
            description="Added to those that are there"
            placeholder={communities.length === 0 ? '65000:1' : ''}
            acceptValueOnBlur
            splitChars={[',', ' ']}
            data-testid={`neighbour-${direction}-communities`}
            {...form.getInputProps(`${direction}.communities`)}
          />
          {children}
        </div>
      )}
    </>
  );
}
