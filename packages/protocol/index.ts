/**
 * What edge and controller say to each other: enrolment, the channel, and signed configurations.
 * Schemas only: no I/O, no keys. Both ends parse everything they receive with these.
 */
export * from './bgp.ts';
export * from './channel.ts';
export * from './configuration.ts';
export * from './enrolment.ts';
export * from './names.ts';
