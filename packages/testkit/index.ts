/**
 * Things tests and the lab need and nothing else may import: seeded impairments of a wire, mutations of valid input.
 */
export {
  createImpairment,
  type Delivery,
  delayAt,
  type Impairment,
  type ImpairmentSettings,
  reorderHoldMs,
} from './impairment.ts';
export { mutateText, mutateValue, seededNumbers } from './mutation.ts';
