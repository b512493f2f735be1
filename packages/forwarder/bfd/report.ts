/** What telemetry says of a session: RFC 5880 §6.8.1, ms where the RFC has µs. */
import type { Session } from '@patronus/bfd';
import type { BfdReport } from '../control.ts';

export function reportOf(session: Session): BfdReport {
  return {
    state: session.state,
    remoteState: session.remoteState,
    localDiscriminator: session.localDiscriminator,
    remoteDiscriminator: session.remoteDiscriminator,
    diagnostic: session.localDiagnostic,
    remoteDiagnostic: session.remoteDiagnostic,
    transmitIntervalMs: Math.round(session.transmitIntervalUs / 1_000),
    detectionTimeMs: Math.round(session.detectionTimeUs / 1_000),
    downs: session.downs,
  };
}
