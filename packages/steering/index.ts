/**
 * Path choice: which tunnel traffic to a remote edge uses, and why. Pure: events and the configuration in, a new state
 * and the decisions out. No I/O, no clock; the same events give the same state, bit for bit.
 *
 * It refuses to act on the packet path itself: the forwarder leaves a tunnel that went down by its own fast switch,
 * within the group of the last generation published here.
 */
export * from './model.ts';
export { rank } from './rank.ts';
export { initialState, steer } from './steer.ts';
