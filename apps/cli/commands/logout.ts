/** `patronus logout`: ends the session at the controller and forgets it here. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { readCredentials, removeCredentials } from '../credentials.ts';
import { printLine } from '../output.ts';

export function logout(): Command {
  return new Command('logout').description('sign out').action(async () => {
    const credentials = readCredentials();
    if (credentials === undefined) return printLine('Nobody was signed in.');
    removeCredentials();
    await query('mutation { signOut }', {}, z.object({ signOut: z.boolean() }), { kind: 'remote', credentials });
    printLine(`Signed out of ${credentials.url}.`);
  });
}
