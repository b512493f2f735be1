import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql } from '../queries/graphql.ts';
import { SearchSelect } from './search-select.tsx';

const sitesQuery = graphql(`
  query SitesToChoose { sites(first: 500, sort: { field: NAME }) { edges { node { id name } } } }
`);

interface SiteSelectProps {
  /** Shown while none is chosen, and the field's name for who cannot see it. */
  readonly placeholder: string;
  /** Of the site. */
  readonly value: string | undefined;
  readonly onChange: (id: string | undefined) => void;
}

/** A filter by site. */
export function SiteSelect({ placeholder, value, onChange }: SiteSelectProps) {
  const edges = useLiveQuery(sitesQuery, {}).data?.sites.edges ?? [];
  return (
    <SearchSelect
      size="xs"
      w={140}
      aria-label={placeholder}
      placeholder={placeholder}
      clearable
      data={edges.map(({ node }) => ({ value: node.id, label: node.name }))}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
    />
  );
}
