import type { UseFormReturnType } from '@mantine/form';
import type { NeighbourDraft } from '../../bgp/neighbour.ts';

export interface NeighbourFieldsProps {
  readonly form: UseFormReturnType<NeighbourDraft>;
}
