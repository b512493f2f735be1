import type { RoleName } from '../store/tables.ts';

/** On whose behalf something is done. */
export interface Actor {
  /** As the audit log shows it: an e-mail address, `edge NAME`, `local administrator`, `nobody`. */
  readonly name: string;
  readonly role: RoleName | undefined;
  readonly userId: string | undefined;
  readonly sessionHash: string | undefined;
}

export const nobody: Actor = { name: 'nobody', role: undefined, userId: undefined, sessionHash: undefined };

/** Whoever can write to the data folder's socket owns the controller anyway. */
export const localAdministrator: Actor = {
  name: 'local administrator',
  role: 'ADMINISTRATOR',
  userId: undefined,
  sessionHash: undefined,
};
