import { type AnyVariables, createRequest, type TypedDocumentNode } from '@urql/core';
import { useEffect, useMemo, useState } from 'react';
import { asSubscription } from './as-subscription.ts';
import { client } from './client.ts';
import { type Problem, problemOf } from './problem.ts';

export interface LiveQuery<Data> {
  /** Undefined until the first value came; afterwards the newest one, also while the socket is away. */
  readonly data: Data | undefined;
  readonly problem: Problem | undefined;
}

/** The last value of each query of this page load, so that going back shows it at once. */
const newest = new Map<number, unknown>();
const newestLimit = 64;

/** Forgets what was shown; for when another person signs in. */
export function forgetLiveValues(): void {
  newest.clear();
}

/**
 * The answer of `document`, now and whenever it changes: the query is sent as a subscription.
 * `variables` are compared by value.
 */
export function useLiveQuery<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): LiveQuery<Data> {
  const fresh = createRequest(asSubscription(document), variables);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the document and the variables
  const request = useMemo(() => fresh, [fresh.key]);
  const [state, setState] = useState<LiveQuery<Data> & { key: number }>();
  useEffect(() => {
    const { unsubscribe } = client.executeSubscription<Data, Variables>(request).subscribe(({ data, error }) => {
      if (data) remember(request.key, data);
      setState({
        key: request.key,
        data: data ?? (newest.get(request.key) as Data | undefined),
        problem: error ? problemOf(error) : undefined,
      });
    });
    return unsubscribe;
  }, [request]);
  if (state?.key === request.key) return state;
  return { data: newest.get(request.key) as Data | undefined, problem: undefined };
}

function remember(key: number, data: unknown): void {
  newest.delete(key);
  newest.set(key, data);
  if (newest.size > newestLimit) for (const oldest of newest.keys()) return void newest.delete(oldest);
}
