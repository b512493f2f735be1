import type { UseFormReturnType } from '@mantine/form';
import type { NeighbourDraft } from '../../bgp/neighbour.ts';

/** What of the network the page is about; empty: all of it. */
export type BgpFilter = { readonly siteId?: string };

export interface NeighbourFieldsProps {
  readonly form: UseFormReturnType<NeighbourDraft>;
}
