/** The schema that is served; schema.graphql beside it is its contract. */
import { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { defineApplications } from './applications.ts';
import { defineBfdPeers } from './bfdPeers.ts';
import { defineBgp } from './bgp.ts';
import { builder } from './builder.ts';
import { defineDecisions } from './decisions.ts';
import { defineExplain } from './explain.ts';
import { defineLoad } from './load.ts';
import { defineMaintenance } from './maintenance.ts';
import { defineMutations } from './mutations.ts';
import { definePaths } from './paths.ts';
import { definePolicies } from './policies.ts';
import { defineQuality } from './quality.ts';
import { defineQueries } from './queries.ts';
import { defineSteering } from './steering.ts';
import { defineTreatments } from './treatments.ts';
import { defineWhatIf } from './whatIf.ts';

/** About the caller rather than the network, so that nothing would make them change; or work of seconds. */
const notLive = new Set(['setup', 'me', 'whatIf']);

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
definePolicies();
defineTreatments();
defineApplications();
defineMaintenance();
defineSteering();
defineQuality();
defineBfdPeers();
defineBgp();
definePaths();
defineLoad();
defineDecisions();
defineExplain();
defineWhatIf();

export const schema = withSubscriptions(builder.toSchema());
