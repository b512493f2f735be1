/** Whether this process may do an edge's work at all. */
import { canAdministerNetwork } from '@patronus/system/linux';
import { EdgeError, exitCodes } from '../errors.ts';

/** Throws an EdgeError that says how to get the right. */
export function requireNetworkRight(): void {
  const right = canAdministerNetwork();
  if (!right.ok) throw new EdgeError('NOT_PERMITTED', right.message, exitCodes.notPermitted);
}
