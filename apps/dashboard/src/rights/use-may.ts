import { useLoaderData } from '@tanstack/react-router';
import { type Action, mayDo } from './permissions.ts';

/** Tells whether the person who is signed in may do something; for pages behind sign-in only. */
export function useMay(): (action: Action) => boolean {
  const { user } = useLoaderData({ from: '/inside' });
  return (action) => mayDo(user.role, action);
}
