/**
 * A router that speaks BGP: the speaker's calculation (packages/bgp/speaker) bound to a machine. Here is what it is told
 * to be, read from YAML with errors that name line and column; `host/` has the sockets, the clock and the kernel's routes.
 */
export * from './configuration/configuration.ts';
export { type ConfigurationError, describeError } from './configuration/places.ts';
export { readConfiguration } from './configuration/read.ts';
