/**
 * The fabric: from sites and uplinks to tunnels, routes and one configuration per edge, and the checks a change has
 * to pass before it goes out. Pure: the same model gives the same answer, in the same order, everywhere.
 *
 * Imports only @patronus/net. Signing, numbering and storing are the controller's business.
 */
export * from './bgp.ts';
export * from './check.ts';
export * from './compile.ts';
export * from './compileBgp.ts';
export * from './compilePolicies.ts';
export * from './matchPolicy.ts';
export * from './model.ts';
export * from './policies.ts';
export * from './treatment.ts';
export * from './tunnels.ts';
