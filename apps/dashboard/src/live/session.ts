import { graphql, type ResultOf } from '../queries/graphql.ts';
import { client, restartSocket } from './client.ts';
import { forgetLiveValues } from './use-live-query.ts';

const sessionQuery = graphql(`query Session { me { id name email role } setup { needed } }`);
const signOutMutation = graphql(`mutation SignOut { signOut }`);

export type Session = ResultOf<typeof sessionQuery>;
export type User = NonNullable<Session['me']>;

let known: Promise<Session> | undefined;

/** Who is signed in, asked once and remembered until it changes. Rejects when the controller does not answer. */
export function session(): Promise<Session> {
  known ??= client
    .query(sessionQuery, {})
    .toPromise()
    .then(({ data, error }) => {
      if (data) return data;
      known = undefined;
      throw error ?? new Error('the controller gave no answer');
    });
  return known;
}

/** After signing in or out, or when the controller ended the session: ask again, and start with nothing remembered. */
export function forgetSession(): void {
  known = undefined;
  forgetLiveValues();
  restartSocket();
}

export async function signOut(): Promise<void> {
  await client.mutation(signOutMutation, {}).toPromise();
  forgetSession();
}
