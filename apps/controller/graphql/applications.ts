/** Applications that policies can name: those of the catalogue, and the organisation's own. */
import type { KnownApplication } from '../network/network.ts';
import { addApplication } from '../services/addApplication.ts';
import { portRangeText } from '../services/applications.ts';
import { removeApplication } from '../services/removeApplication.ts';
import { updateApplication } from '../services/updateApplication.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { found, run } from './mutations.ts';
import { paginate } from './page.ts';
import { sortDirection } from './queries.ts';
import { policyRef } from './treatments.ts';

export const applicationRef = builder.objectRef<KnownApplication>('Application');
applicationRef.implement({
  description: 'Known by any of these: ports, prefixes, or names seen in TLS, QUIC and DNS.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    isBuiltIn: t.boolean({ description: 'Of the catalogue: not to be changed.', resolve: ({ own }) => own === null }),
    ports: t.stringList({
      description: '`tcp/443`, `udp/8000-8099`.',
      resolve: ({ ports }) => ports.map(portRangeText),
    }),
    prefixes: t.stringList({ resolve: ({ prefixes }) => prefixes }),
    names: t.stringList({ description: 'Domain names, with all that is below them.', resolve: ({ names }) => names }),
    policies: t.field({
      type: [policyRef],
      description: 'Those that name it.',
      resolve: ({ id }, _, { core }) =>
        [...core.network.current.policies.values()].filter(({ match }) => match.applications?.includes(id) === true),
    }),
    createdAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ own }) => own?.createdAt }),
    revision: t.int({ nullable: true, resolve: ({ own }) => own?.revision }),
  }),
});
const connection = connectionOf('ApplicationConnection', 'ApplicationEdge', applicationRef);

const filterInput = builder.inputType('ApplicationFilter', {
  fields: (t) => ({ name: t.string(), isBuiltIn: t.boolean() }),
});
const sortField = builder.enumType('ApplicationSortField', { values: ['NAME'] as const });
const sortInput = builder.inputType('ApplicationSort', {
  fields: (t) => ({
    field: t.field({ type: sortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});
const addInput = builder.inputType('AddApplicationInput', {
  description: 'At least one of ports, prefixes and names.',
  fields: (t) => ({
    name: t.string({ required: true }),
    ports: t.stringList(),
    prefixes: t.stringList(),
    names: t.stringList(),
  }),
});
const updateInput = builder.inputType('UpdateApplicationInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    revision: t.int(),
    name: t.string(),
    ports: t.stringList(),
    prefixes: t.stringList(),
    names: t.stringList(),
  }),
});
const removeInput = builder.inputType('RemoveApplicationInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
const payloadRef = builder.objectRef<{ application: KnownApplication }>('ApplicationPayload');
payloadRef.implement({
  fields: (t) => ({ application: t.field({ type: applicationRef, resolve: ({ application }) => application }) }),
});
const removePayload = builder.objectRef<{ removedId: string }>('RemoveApplicationPayload');
removePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });

function payloadOf({ core }: GraphContext, id: string) {
  return { application: found(core.network.current.applications.get(id)) };
}

export function defineApplications(): void {
  builder.queryFields((t) => ({
    applications: t.field({
      type: connection,
      args: {
        ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
        ...{ filter: t.arg({ type: filterInput }), sort: t.arg({ type: sortInput }) },
      },
      resolve: (_, args, { core }) => {
        const { name, isBuiltIn } = args.filter ?? {};
        const wanted = name?.toLowerCase() ?? '';
        const items = [...core.network.current.applications.values()].filter(
          (one) => one.name.toLowerCase().includes(wanted) && (isBuiltIn == null || (one.own === null) === isBuiltIn),
        );
        return paginate(items, args, {
          key: (one) => one.name,
          id: (one) => one.id,
          descending: args.sort?.direction === 'DESCENDING',
        });
      },
    }),
    application: t.field({
      type: applicationRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { core }) => core.network.current.applications.get(id),
    }),
  }));
  builder.mutationFields((t) => ({
    addApplication: t.field({
      type: payloadRef,
      args: { input: t.arg({ type: addInput, required: true }) },
      resolve: async (_, { input }, context) =>
        payloadOf(context, (await run(context, addApplication, input)).applicationId),
    }),
    updateApplication: t.field({
      type: payloadRef,
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: async (_, { input }, context) =>
        payloadOf(context, (await run(context, updateApplication, input)).applicationId),
    }),
    removeApplication: t.field({
      type: removePayload,
      description: 'Refused while a policy names it, and for those of the catalogue.',
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removeApplication, input),
    }),
  }));
}
