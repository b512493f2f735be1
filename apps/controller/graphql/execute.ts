/**
 * Runs documents: parsed, validated, measured and compiled once, then kept by their text. graphql-jit does the work;
 * what it cannot compile, graphql-js runs.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { ServiceError } from '../services/error.ts';
import type { Action } from '../services/permissions.ts';
import { requirePermission } from '../services/verb.ts';
import type { GraphContext } from './builder.ts';
import { MAX_LENGTH, MAX_TOKENS, measure } from './limits.ts';
import { schema } from './schema.ts';

/** What each root field needs; mutations are checked by their services, from the same table. */
const actions: Readonly<Record<string, Action>> = {
  setup: 'setup.read',
  me: 'session.read',
  overview: 'network.read',
  sites: 'network.read',
  site: 'network.read',
  siteByName: 'network.read',
  tunnels: 'network.read',
  tunnel: 'network.read',
  edges: 'network.read',
  policies: 'network.read',
  policy: 'network.read',
  slaClasses: 'network.read',
  slaClass: 'network.read',
  slaPresets: 'network.read',
  treatments: 'network.read',
  applications: 'network.read',
  application: 'network.read',
  bfdTimers: 'network.read',
  steering: 'network.read',
  bfdSessions: 'network.read',
  paths: 'network.read',
  breakoutStates: 'network.read',
  reachStates: 'network.read',
  decisions: 'network.read',
  decision: 'network.read',
  explain: 'network.read',
  whatIf: 'network.read',
  alarms: 'network.read',
  auditLog: 'audit.read',
  __schema: 'schema.read',
  __type: 'schema.read',
  __typename: 'setup.read',
};

export interface Prepared {
  readonly kind: OperationTypeNode;
  readonly roots: ReadonlySet<string>;
  run(
    context: GraphContext,
    variables: Record<string, unknown> | undefined,
  ): Promise<ExecutionResult> | ExecutionResult;
}

const KEPT = 500;
const prepared = new Map<string, Prepared>();

/** The document, ready to run; throws ServiceError or returns what is wrong with it. */
export function prepare(query: string, operationName: string | undefined): Prepared | readonly GraphQLError[] {
  const key = `${operationName ?? ''}\n${query}`;
  const known = prepared.get(key);
  if (known !== undefined) {
    prepared.delete(key);
    prepared.set(key, known);
    return known;
  }
  const fresh = prepareFresh(query, operationName);
  if (Array.isArray(fresh)) return fresh;
  prepared.set(key, fresh as Prepared);
  if (prepared.size > KEPT) prepared.delete(prepared.keys().next().value as string);
  return fresh;
}

function prepareFresh(query: string, operationName: string | undefined): Prepared | readonly GraphQLError[] {
  if (query.length > MAX_LENGTH)
    throw new ServiceError('QUERY_TOO_LARGE', `the query is longer than ${MAX_LENGTH} characters`);
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: MAX_TOKENS });
  } catch (cause) {
    if (cause instanceof GraphQLError) return [cause];
    throw cause;
  }
  const operation = getOperationAST(document, operationName);
  if (operation == null) return [new GraphQLError('name the operation to run')];
  // Before validation: some of its rules are costly on what is refused here.
  refuseCycles(document);
  const roots = measure(document, operation);
  const errors = validate(schema, document, specifiedRules, { maxErrors: 5 });
  if (errors.length > 0) return errors;
  const runnable = operation.operation === OperationTypeNode.SUBSCRIPTION ? asQuery(document, operation) : document;
  return { kind: operation.operation, roots, run: compile(runnable, operation.name?.value) };
}

/** A live query runs as the query it mirrors, again and again. */
function asQuery(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode {
  const query: OperationDefinitionNode = { ...operation, operation: OperationTypeNode.QUERY };
  return {
    ...document,
    definitions: document.definitions.flatMap((definition) => {
      if (definition === operation) return query;
      if (definition.kind === Kind.OPERATION_DEFINITION) return [];
      const isOnRoot =
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.typeCondition.name.value === 'Subscription';
      if (!isOnRoot) return definition;
      return {
        ...definition,
        typeCondition: { ...definition.typeCondition, name: { kind: Kind.NAME, value: 'Query' } },
      };
    }),
  };
}

function compile(document: DocumentNode, operationName: string | undefined): Prepared['run'] {
  let compiled: CompiledQuery | ExecutionResult | undefined;
  try {
    compiled = compileQuery(schema, document, operationName ?? '');
  } catch {
    compiled = undefined;
  }
  if (compiled !== undefined && isCompiledQuery(compiled)) {
    const { query } = compiled;
    return (context, variables) => query(undefined, context, variables ?? {}) as Promise<ExecutionResult>;
  }
  return async (context, variables) =>
    execute({ schema, document, contextValue: context, variableValues: variables, operationName });
}

/** `measure` walks fragments, so that a cycle has to be found before; validation would come too late. */
function refuseCycles(document: DocumentNode): void {
  const spreads = new Map<string, Set<string>>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const names = new Set<string>();
    JSON.stringify(definition.selectionSet, (key, value) => {
      if (key !== 'loc' && value?.kind === Kind.FRAGMENT_SPREAD) names.add(value.name.value);
      return key === 'loc' ? undefined : value;
    });
    spreads.set(definition.name.value, names);
  }
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) throw new ServiceError('QUERY_TOO_LARGE', `fragment ${name} contains itself`);
    if (done.has(name)) return;
    for (const inner of spreads.get(name) ?? []) visit(inner, [...path, name]);
    done.add(name);
  };
  for (const name of spreads.keys()) visit(name, []);
}

/** Refuses a caller who may not read what the operation asks for. */
export function authorise({ kind, roots }: Prepared, { caller }: GraphContext): void {
  if (kind === OperationTypeNode.MUTATION) return;
  for (const root of roots) requirePermission(caller.actor, actions[root] ?? 'network.read');
}
