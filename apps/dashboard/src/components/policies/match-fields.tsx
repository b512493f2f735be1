import { Select, TagsInput } from '@mantine/core';
import { dscpChoices } from '../../policies/dscp.ts';
import { FormSection } from '../form-section.tsx';
import { SearchMultiSelect } from '../search-select.tsx';
import type { Offers, PolicyFormState } from './form.ts';

const protocols = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp'];

/** Which packets are meant. */
export function MatchFields({ form, offers }: { form: PolicyFormState; offers: Offers }) {
  const sites = offers.sites.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <FormSection
      title="Match"
      lead="Which conversations are meant. All that is given has to hold; what is empty holds for any."
    >
      <SearchMultiSelect
        label="Applications"
        description="Known by ports, networks and names seen in TLS, QUIC and DNS"
        placeholder={form.values.match.applications.length === 0 ? 'Any' : ''}
        limit={60}
        nothingFoundMessage="No application is called that"
        data={applicationGroups(offers.applications)}
        data-testid="policy-applications"
        {...form.getInputProps('match.applications')}
      />
      <div className="form-row">
        <Select
          label="Protocol"
          placeholder="Any"
          clearable
          data={protocols.map((value) => ({ value, label: value.toUpperCase() }))}
          data-testid="policy-protocol"
          {...form.getInputProps('match.protocol')}
          value={form.values.match.protocol || null}
          onChange={(value) => form.setFieldValue('match.protocol', value ?? '')}
        />
        <Tags form={form} field="ports" label="Ports" placeholder="443, 8000-8099" />
      </div>
      <div className="form-row">
        <Sites form={form} field="sourceSites" label="From sites" data={sites} />
        <Sites form={form} field="destinationSites" label="To sites" data={sites} />
      </div>
      <div className="form-row">
        <Tags form={form} field="sources" label="From networks" placeholder="10.1.0.0/16" />
        <Tags form={form} field="destinations" label="To networks" placeholder="10.2.0.0/16" />
      </div>
      <SearchMultiSelect
        label="DSCP"
        placeholder={form.values.match.dscp.length === 0 ? 'Any' : ''}
        data={dscpChoices as never}
        {...form.getInputProps('match.dscp')}
      />
    </FormSection>
  );
}

function applicationGroups(applications: Offers['applications']) {
  const group = (isBuiltIn: boolean) =>
    applications.filter((one) => one.isBuiltIn === isBuiltIn).map(({ id, name }) => ({ value: id, label: name }));
  return [
    { group: 'Your own', items: group(false) },
    { group: 'Catalogue', items: group(true) },
  ].filter(({ items }) => items.length > 0);
}

interface FieldProps {
  readonly form: PolicyFormState;
  readonly label: string;
}

function Tags({
  form,
  field,
  label,
  placeholder,
}: FieldProps & { field: 'ports' | 'sources' | 'destinations'; placeholder: string }) {
  return (
    <TagsInput
      label={label}
      placeholder={form.values.match[field].length === 0 ? `Any, or ${placeholder}` : ''}
      acceptValueOnBlur
      splitChars={[',', ' ']}
      data-testid={`policy-${field}`}
      {...form.getInputProps(`match.${field}`)}
    />
  );
}

interface SitesProps extends FieldProps {
  readonly field: 'sourceSites' | 'destinationSites';
  readonly data: { value: string; label: string }[];
}

function Sites({ form, field, label, data }: SitesProps) {
  return (
    <SearchMultiSelect
      label={label}
      placeholder={form.values.match[field].length === 0 ? 'Any' : ''}
      data={data}
      {...form.getInputProps(`match.${field}`)}
    />
  );
}
