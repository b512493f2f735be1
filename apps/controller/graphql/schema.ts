/** The schema that is served; schema.graphql beside it is its contract. */
import { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import { defineMutations } from './mutations.ts';
import { defineQueries } from './queries.ts';
import { defineTrafficClasses } from './trafficClasses.ts';

/** Fields that answer about the caller rather than the network: nothing would ever make them change. */
const notLive = new Set(['setup', 'me']);

/** Subscription has the fields of Query, by the same definitions: live.ts runs them as queries, again and again. */
function withSubscriptions(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const fields = Object.entries(config.query?.toConfig().fields ?? {}).filter(([name]) => !notLive.has(name));
  return new GraphQLSchema({
    ...config,
    subscription: new GraphQLObjectType({ name: 'Subscription', fields: Object.fromEntries(fields) }),
  });
}

defineQueries();
defineMutations();
defineTrafficClasses();

export const schema = withSubscriptions(builder.toSchema());
