/** Why a tunnel changed its state, in words for a person. */
import { Diagnostic, describeDiagnostic, type StateChange } from '@patronus/bfd';

export const CONFIGURED = 'configured; waiting for the other end';

export function reasonOf(change: StateChange): string {
  if (change.state === 'up') return 'both ends hear each other (BFD)';
  const diagnostic = describeDiagnostic(change.diagnostic);
  if (change.cause === 'remote') {
    if (change.remoteState === 'adminDown') return 'the other end switched the tunnel off (BFD AdminDown)';
    return `the other end says ${change.remoteState}: ${describeDiagnostic(change.remoteDiagnostic)}`;
  }
  if (change.cause === 'local' && change.diagnostic === Diagnostic.pathDown) {
    return 'nothing came back through it after a pause (path down); check the uplink and the other end';
  }
  if (change.cause !== 'expired') return diagnostic;
  const silence = Math.round(change.silentForMs ?? 0);
  return `no BFD packet for ${silence} ms (${diagnostic}); check the uplink and the other end`;
}
