import type { UseFormReturnType } from '@mantine/form';
import type { PolicyDraft } from '../../policies/draft.ts';

export type PolicyFormState = UseFormReturnType<PolicyDraft>;

/** What there is to choose from. */
export interface Offers {
  readonly sites: readonly { readonly id: string; readonly name: string }[];
  readonly labels: readonly string[];
  readonly slaClasses: readonly { readonly id: string; readonly name: string; readonly bounds: string }[];
  readonly applications: readonly { readonly id: string; readonly name: string; readonly isBuiltIn: boolean }[];
}
