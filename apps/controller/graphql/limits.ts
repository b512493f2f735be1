/** How large a document may be. Checked once, before anything runs: a bomb costs a parse and no resolver. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { ServiceError } from '../services/error.ts';

export const MAX_TOKENS = 4_000;
export const MAX_LENGTH = 64 * 1024;
const MAX_DEPTH = 15;
const MAX_ALIASES = 50;
/** Fields that an answer may come to, lists counted at what they may hold. */
const MAX_COST = 500_000;
const PAGE_SIZE = 100;

/** Fields whose answers are lists without a `first`, and how long these may well be. */
const lists: Readonly<Record<string, number>> = {
  uplinks: 4,
  tunnels: 10,
  peers: 10,
  prefixes: 4,
  capabilities: 8,
  history: 300,
  throughputHistory: 300,
  candidates: 8,
  members: 8,
  bfdSessions: 2,
  treatments: 20,
  ownFigures: 14,
};

interface Count {
  fields: number;
  aliases: number;
}

/** Root fields of the operation; throws when the document is too large. */
export function measure(document: DocumentNode, operation: OperationDefinitionNode): Set<string> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const roots = new Set<string>();
  const count: Count = { fields: 0, aliases: 0 };
  const visit = (set: SelectionSetNode, depth: number, factor: number): number => {
    if (depth > MAX_DEPTH) throw tooLarge(`deeper than ${MAX_DEPTH} levels`);
    let cost = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        if (depth === 1) roots.add(selection.name.value);
        cost += visitField(selection, depth, factor);
      } else {
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        if (inner !== undefined) cost += visit(inner.selectionSet, depth, factor);
      }
      if (cost > MAX_COST) throw tooLarge('it could answer with too much; ask for less at a time');
    }
    return cost;
  };
  const visitField = (field: FieldNode, depth: number, factor: number): number => {
    if (field.alias !== undefined && ++count.aliases > MAX_ALIASES) throw tooLarge(`more than ${MAX_ALIASES} aliases`);
    if (++count.fields > MAX_TOKENS) throw tooLarge('too many fields');
    const size = factor * sizeOf(field);
    return size + (field.selectionSet === undefined ? 0 : visit(field.selectionSet, depth + 1, size));
  };
  visit(operation.selectionSet, 1, 1);
  return roots;
}

function sizeOf(field: FieldNode): number {
  const page = field.arguments?.find((argument) => ['first', 'last'].includes(argument.name.value))?.value;
  if (page?.kind === Kind.INT) return Math.max(1, Number(page.value));
  if (page?.kind === Kind.VARIABLE) return PAGE_SIZE;
  return lists[field.name.value] ?? 1;
}

function tooLarge(why: string): ServiceError {
  return new ServiceError('QUERY_TOO_LARGE', `the query was refused: ${why}`);
}
