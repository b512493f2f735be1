import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useCallback, useState } from 'react';
import { client } from './client.ts';
import { type Problem, problemOf } from './problem.ts';

export type Outcome<Data> = { readonly data: Data } | { readonly problem: Problem };

/** A mutation: `run` answers with the data or with the problem, and never throws; `isRunning` is for the button. */
export function useChange<Data, Variables extends AnyVariables>(document: TypedDocumentNode<Data, Variables>) {
  const [isRunning, setRunning] = useState(false);
  const run = useCallback(
    async (variables: Variables): Promise<Outcome<Data>> => {
      setRunning(true);
      try {
        const { data, error } = await client.mutation(document, variables).toPromise();
        if (error || data === undefined) return { problem: problemOf(error ?? { message: 'no answer' }) };
        return { data };
      } finally {
        setRunning(false);
      }
    },
    [document],
  );
  return { run, isRunning };
}
