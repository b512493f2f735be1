/** Sockets, clock and kernel for a speaker. */
export * from './connections.ts';
export { ask, ControlError, type ControlRequest } from './control.ts';
export { Router, type RouterOptions } from './router.ts';
export { type CacheReport, RpkiCaches, type RpkiReport } from './rpki/caches.ts';
export { SpeakerLoop, type SpeakerLoopOwner } from './speakerLoop.ts';
