/** How close a peer is to the prefixes it may announce; each thing is told once until it has passed. */
import type { FamilyKey } from '../codec/families.ts';
import { defaults, type PrefixLimit } from './configuration.ts';

export class PrefixLimits {
  readonly #told = new Map<FamilyKey, 'near' | 'exceeded'>();

  reset(): void {
    this.#told.clear();
  }

  check({ family, most, warnAt = defaults.warnAt }: PrefixLimit, count: number): 'near' | 'exceeded' | undefined {
    const told = this.#told.get(family);
    if (count > most) {
      this.#told.set(family, 'exceeded');
      return told === 'exceeded' ? undefined : 'exceeded';
    }
    // Falls silent only well below, so that one prefix that comes and goes is not a warning each time.
    if (count < most * warnAt * 0.9) this.#told.delete(family);
    if (count < most * warnAt || told !== undefined) return undefined;
    this.#told.set(family, 'near');
    return 'near';
  }
}
