/** Why a session with a neighbour changed its state, in words for a person. */
import { describeDiagnostic, type StateChange } from '@patronus/bfd';

export function neighbourReason(change: StateChange): string {
  if (change.state === 'up') return 'both ends hear each other (BFD)';
  if (change.cause === 'remote') {
    if (change.remoteState === 'adminDown') return 'the router switched the session off (BFD AdminDown)';
    return `the router says ${change.remoteState}: ${describeDiagnostic(change.remoteDiagnostic)}`;
  }
  const diagnostic = describeDiagnostic(change.diagnostic);
  if (change.cause !== 'expired') return diagnostic;
  return `no BFD packet for ${Math.round(change.silentForMs ?? 0)} ms (${diagnostic}); check the link and the router`;
}
