import { builder } from './builder.ts';
import { defineMutations } from './mutations.ts';
import { defineQueries } from './queries.ts';

defineQueries();
defineMutations();

/** The schema that is served; schema.graphql beside it is its contract. */
export const schema = builder.toSchema();
