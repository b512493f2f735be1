import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useCallback, useState } from 'react';
import { client } from './client.ts';
import { type Problem, problemOf } from './problem.ts';

/** A question that takes a while and is asked by a button: `ask` answers once and never throws. */
export function useAnswer<Data, Variables extends AnyVariables>(document: TypedDocumentNode<Data, Variables>) {
  const [isAsking, setAsking] = useState(false);
  const ask = useCallback(
    async (variables: Variables): Promise<{ readonly data: Data } | { readonly problem: Problem }> => {
      setAsking(true);
      try {
        const { data, error } = await client
          .query<Data, Variables>(document, variables, { requestPolicy: 'network-only' })
          .toPromise();
        if (error || data === undefined) return { problem: problemOf(error ?? { message: 'no answer' }) };
        return { data };
      } finally {
        setAsking(false);
      }
    },
    [document],
  );
  return { ask, isAsking };
}
