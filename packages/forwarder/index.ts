/**
 * The packet path: TUN ↔ next hop ↔ WireGuard ↔ UDP, in a process of its own.
 * What others may import is its control language; the process itself is started as `host/main.ts`.
 */
export * from './control.ts';
export { inParts } from './learnedRoutes.ts';
