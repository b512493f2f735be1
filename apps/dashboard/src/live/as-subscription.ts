import type { TypedDocumentNode } from '@urql/core';
import type { DocumentNode, OperationTypeNode } from 'graphql';

/** Written out, as the constant of graphql-js would bring all of graphql-js into the browser. */
const subscriptionKeyword = 'subscription' as OperationTypeNode;

const turned = new WeakMap<DocumentNode, DocumentNode>();

/**
 * The same operation with its keyword swapped from `query` to `subscription`, which the schema allows because
 * Subscription mirrors Query. The same document always gives the same result, so hooks may depend on it.
 *
 * A subscription may select one root field only (GraphQL §5.2.3.1), so a query that wants to be live must, too.
 */
export function asSubscription<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
): TypedDocumentNode<Data, Variables> {
  const known = turned.get(document);
  if (known) return known as TypedDocumentNode<Data, Variables>;
  const subscription: DocumentNode = {
    kind: 'Document' as DocumentNode['kind'],
    definitions: document.definitions.map((definition) => {
      if (definition.kind !== 'OperationDefinition') return definition;
      if (definition.selectionSet.selections.length !== 1) {
        throw new Error(
          `${definition.name?.value ?? 'a query'}: a live query selects one root field; split it into several`,
        );
      }
      return { ...definition, operation: subscriptionKeyword };
    }),
  };
  turned.set(document, subscription);
  return subscription as TypedDocumentNode<Data, Variables>;
}
