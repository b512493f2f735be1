import { Button, NumberInput, Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { draftOf, searchOf } from '../../explain/question.ts';
import { dscpChoices } from '../../policies/dscp.ts';
import type { ExplainSearch } from '../../search.ts';
import { useOffers } from '../policies/use-offers.ts';
import { SearchSelect } from '../search-select.tsx';

const protocols = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp'];

interface QuestionFormProps {
  readonly search: ExplainSearch;
  readonly onAsk: (search: ExplainSearch) => void;
}

/** From which host to which, and what the packets are. */
export function QuestionForm({ search, onAsk }: QuestionFormProps) {
  const { applications } = useOffers();
  const form = useForm({
    initialValues: draftOf(search),
    validate: {
      from: (from) => (from.trim() ? null : 'The address of a host.'),
      to: (to) => (to.trim() ? null : 'The address of a host.'),
    },
  });
  return (
    <form className="explain-form" onSubmit={form.onSubmit((draft) => onAsk(searchOf(draft)))} noValidate>
      <TextInput
        label="From"
        placeholder="10.1.0.10"
        classNames={{ input: 'mono' }}
        data-testid="explain-from"
        {...form.getInputProps('from')}
      />
      <TextInput
        label="To"
        placeholder="10.2.0.10"
        classNames={{ input: 'mono' }}
        data-testid="explain-to"
        {...form.getInputProps('to')}
      />
      <Select
        label="Protocol"
        placeholder="Any"
        clearable
        data={protocols.map((value) => ({ value, label: value.toUpperCase() }))}
        value={form.values.protocol || null}
        onChange={(value) => form.setFieldValue('protocol', value ?? '')}
      />
      <NumberInput
        label="Port"
        placeholder="Any"
        min={0}
        max={65_535}
        allowDecimal={false}
        hideControls
        data-testid="explain-port"
        {...form.getInputProps('port')}
      />
      <SearchSelect
        label="Application"
        placeholder="Not said"
        clearable
        limit={60}
        data={applications.map(({ id, name }) => ({ value: id, label: name }))}
        value={form.values.application || null}
        onChange={(value) => form.setFieldValue('application', value ?? '')}
      />
      <SearchSelect
        label="DSCP"
        placeholder="Not said"
        clearable
        data={dscpChoices as never}
        value={form.values.dscp || null}
        onChange={(value) => form.setFieldValue('dscp', value ?? '')}
      />
      <Button type="submit" data-testid="explain-ask">
        Explain
      </Button>
    </form>
  );
}
