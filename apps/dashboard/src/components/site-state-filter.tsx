import { Select } from '@mantine/core';
import { SiteSelect } from './site-select.tsx';

interface SiteStateFilterProps<State extends string> {
  readonly anySite: string;
  readonly site: string | undefined;
  readonly state: State | undefined;
  /** Every state there is, with its word. */
  readonly looks: Readonly<Record<State, { readonly label: string }>>;
  /** What was chosen anew; undefined: any. */
  readonly onChange: (change: { readonly site?: string | undefined } | { readonly state?: State | undefined }) => void;
}

/** Which site, and in which state: above a table of things that have both. */
export function SiteStateFilter<State extends string>(props: SiteStateFilterProps<State>) {
  const { anySite, site, state, looks, onChange } = props;
  const states = Object.entries<{ readonly label: string }>(looks);
  return (
    <div className="page-actions filters">
      <SiteSelect placeholder={anySite} value={site} onChange={(next) => onChange({ site: next })} />
      <Select
        size="xs"
        w={140}
        aria-label="Any state"
        placeholder="Any state"
        clearable
        value={state ?? null}
        data={states.map(([value, { label }]) => ({ value, label }))}
        onChange={(next) => onChange({ state: (next as State | null) ?? undefined })}
      />
    </div>
  );
}
