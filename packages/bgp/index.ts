/**
 * BGP-4 as calculations: bytes to messages and back. It does no I/O, reads no clock, and never throws at what a peer
 * sent: an error is a value that says which NOTIFICATION follows, or what becomes of the routes.
 */

export { type FeedOptions, StationFeed } from './bmp/feed.ts';
export * from './bmp/messages.ts';
export * from './codec/attributes/asPath.ts';
export * from './codec/attributes/scan.ts';
export { type AttributeCodec, type AttributeContext, attributeCodecs, Verdict } from './codec/attributes/table.ts';
export * from './codec/attributes/values.ts';
export * from './codec/capabilities.ts';
export * from './codec/errors.ts';
export * from './codec/families.ts';
export * from './codec/header.ts';
export * from './codec/nlri/flowSpec.ts';
export * from './codec/nlri/prefixes.ts';
export * from './codec/notification.ts';
export * from './codec/open.ts';
export * from './codec/routeRefresh.ts';
export * from './codec/update.ts';
export * from './describe/attributes.ts';
export type { Json } from './describe/json.ts';
export { type DescribeOptions, type Description, describeCapability, describeMessage } from './describe/message.ts';
export { describeRecord } from './describe/mrt.ts';
export { describeNlri } from './describe/nlri.ts';
export * from './mrt/records.ts';
export { textLines } from './mrt/text.ts';
export { AsPathPattern, compileAsPath } from './policy/asPathPattern.ts';
export { prepended } from './policy/changes.ts';
export { parseCommunityPattern, wellKnownCommunities } from './policy/communities.ts';
export { compilePolicy, defaultPolicy, describePolicyError, type PolicyContext } from './policy/compile.ts';
export { originAs } from './policy/conditions.ts';
export { type Decision, Policy, type Prepared, type Subject } from './policy/policy.ts';
export { PrefixSet, parsePrefixSet } from './policy/prefixSet.ts';
export { PolicyForRoutes, type RoutePolicyOptions } from './policy/routePolicy.ts';
export type {
  MatchSource,
  OriginValidation,
  PolicyError,
  PolicySource,
  SetSource,
  StatementSource,
} from './policy/source.ts';
export type { AdjOut } from './rib/adjOut.ts';
export { type DecisionSettings, type StepName, steps as decisionSteps } from './rib/decision.ts';
export type { Explanation } from './rib/explanation.ts';
export { type FamilyRib, Mark } from './rib/familyRib.ts';
export { type InteriorCost, UNREACHABLE } from './rib/nextHops.ts';
export type { ExportSession, PeerId, PeerSettings, PolicyChoice, RoutePolicy } from './rib/peers.ts';
export type { Received } from './rib/received.ts';
export { Rib, type RibOptions } from './rib/rib.ts';
export type { Watcher } from './rib/watcher.ts';
export {
  type CacheEffect,
  type CacheInput,
  CacheSession,
  type CacheState,
  type ChangedPrefix,
} from './rpki/cacheSession.ts';
export { decodePdu, encodePdu, type Intervals, type Pdu, PduType, readPduHeader } from './rpki/pdu.ts';
export { MOST_CACHES, type ValidatedPrefix, ValidatedPrefixes } from './rpki/validatedPrefixes.ts';
export {
  capabilitiesOf,
  defaults as sessionDefaults,
  type GracefulRestart,
  type PrefixLimit,
  type SessionConfiguration,
  type SocketOptions,
  socketOptions,
} from './session/configuration.ts';
export { type Admission, DynamicNeighbours, type NeighbourRange } from './session/dynamicNeighbours.ts';
export type { ConnectionId, DownReason, SessionEffect, SessionInput, UpdateReceiver } from './session/effects.ts';
export { type NegotiatedSession, negotiate } from './session/negotiation.ts';
export { Secret } from './session/secret.ts';
export { Session, type SessionOptions } from './session/session.ts';
export { type EventName, events, type State, states, transitions } from './session/transitions.ts';
export * from './speaker/configuration.ts';
export type { Reconfigured } from './speaker/difference.ts';
export type { SpeakerEffect, SpeakerNews } from './speaker/effects.ts';
export type { SpeakerMonitor } from './speaker/monitor.ts';
export type { Neighbour } from './speaker/neighbour.ts';
export type { FamilyReport, NeighbourReport, RouteReport, SummaryReport } from './speaker/reports.ts';
export type { RouteChange, RouteFilter, RoutesOptions } from './speaker/routes.ts';
export { Speaker, type SpeakerOptions } from './speaker/speaker.ts';
export type { Tally } from './speaker/tally.ts';
export { NONE as NO_PREFIX_VALUE, PrefixTree } from './trie/prefixTree.ts';
