/** Well-known applications, which policies can name without anybody having to describe them. */
import type { Application } from '../application.ts';
import { protocols } from './protocols.ts';
import { services } from './services.ts';

/** By id, in the order of the alphabet. */
export const catalogue: readonly Application[] = [...protocols, ...services].sort((a, b) => (a.id < b.id ? -1 : 1));
