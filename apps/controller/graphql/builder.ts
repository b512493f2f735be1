/** The schema builder and the few scalars and connection types every part of the schema shares. */
import SchemaBuilder from '@pothos/core';
import { GraphQLError } from 'graphql';
import type { Core } from '../core.ts';
import type { NewSession } from '../services/sessions.ts';
import type { Caller } from '../services/verb.ts';
import type { Page, PageInfo } from './page.ts';

export interface GraphContext {
  readonly core: Core;
  readonly caller: Caller;
  /** Sets or, with undefined, removes the session's cookie. */
  setSession(session: NewSession | undefined): void;
}

export const builder = new SchemaBuilder<{
  Context: GraphContext;
  DefaultFieldNullability: false;
  Scalars: { DateTime: { Input: number; Output: number }; ID: { Input: string; Output: string } };
}>({ defaultFieldNullability: false });

builder.scalarType('DateTime', {
  description: 'ISO 8601, UTC, with milliseconds.',
  serialize: (at) => new Date(at as number).toISOString(),
  parseValue: (text) => {
    const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(at)) throw new GraphQLError('a time as ISO 8601, such as 2026-01-31T12:00:00Z');
    return at;
  },
});

const pageInfo = builder.objectRef<PageInfo>('PageInfo');
pageInfo.implement({
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage'),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
    startCursor: t.exposeString('startCursor', { nullable: true }),
    endCursor: t.exposeString('endCursor', { nullable: true }),
  }),
});

type Ref<T> = ReturnType<typeof builder.objectRef<T>>;

/** The types `XConnection` and `XEdge` for a node type. */
export function connectionOf<T>(name: string, edgeName: string, node: Ref<T>): Ref<Page<T>> {
  const edge = builder.objectRef<Page<T>['edges'][number]>(edgeName);
  edge.implement({
    fields: (t) => ({
      node: t.field({ type: node, resolve: (parent) => parent.node as never }),
      cursor: t.exposeString('cursor'),
    }),
  });
  const connection = builder.objectRef<Page<T>>(name);
  connection.implement({
    fields: (t) => ({
      edges: t.field({ type: [edge], resolve: (parent) => parent.edges }),
      pageInfo: t.field({ type: pageInfo, resolve: (parent) => parent.pageInfo }),
      totalCount: t.exposeInt('totalCount'),
    }),
  });
  return connection;
}
