import { type AnyVariables, createRequest, type TypedDocumentNode } from '@urql/core';
import { useEffect, useMemo, useState } from 'react';
import { client } from './client.ts';

/** The answer of `document` once per set of variables: for history, which live samples then continue. */
export function useOnce<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Data | undefined {
  const fresh = createRequest(document, variables);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the document and the variables
  const request = useMemo(() => fresh, [fresh.key]);
  const [answer, setAnswer] = useState<{ key: number; data: Data | undefined }>();
  useEffect(() => {
    const { unsubscribe } = client
      .executeQuery<Data, Variables>(request)
      .subscribe(({ data }) => setAnswer({ key: request.key, data }));
    return unsubscribe;
  }, [request]);
  return answer?.key === request.key ? answer.data : undefined;
}
