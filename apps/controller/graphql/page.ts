/** Relay connections over lists in memory: a cursor is the sort key and the id, so it survives removals. */
import { ServiceError } from '../services/error.ts';

export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export interface Page<T> {
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
}

export type SortKey = string | number;

export const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;

export interface Order<T> {
  readonly key: (item: T) => SortKey;
  readonly id: (item: T) => string;
  readonly descending?: boolean;
}

export function paginate<T>(items: Iterable<T>, args: PageArgs, order: Order<T>): Page<T> {
  const sign = order.descending === true ? -1 : 1;
  const sorted = Array.from(items, (node) => ({ node, key: order.key(node), id: order.id(node) })).sort(
    (one, other) => sign * compare(one, other),
  );
  const after = args.after == null ? undefined : decodeCursor(args.after);
  const before = args.before == null ? undefined : decodeCursor(args.before);
  const window = sorted.filter(
    (item) =>
      (after === undefined || sign * compare(item, after) > 0) &&
      (before === undefined || sign * compare(item, before) < 0),
  );
  const first = pageLimit(args.first, 'first');
  const last = pageLimit(args.last, 'last');
  let page = window.slice(0, first ?? (last === undefined ? DEFAULT_PAGE : undefined));
  if (last !== undefined) page = page.slice(Math.max(0, page.length - last));
  const edges = page.map(({ node, key, id }) => ({ node, cursor: encodeCursor(key, id) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: page.length > 0 && page.at(-1) !== sorted.at(-1),
      hasPreviousPage: page.length > 0 && page[0] !== sorted[0],
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: sorted.length,
  };
}

/** What a page may hold at most; undefined when nothing was asked. */
export function pageLimit(value: number | null | undefined, name: string): number | undefined {
  if (value == null) return undefined;
  if (value < 0 || value > MAX_PAGE) {
    throw new ServiceError('INVALID_INPUT', `${name}: from 0 to ${MAX_PAGE}`, {
      fields: { [name]: `from 0 to ${MAX_PAGE}` },
    });
  }
  return value;
}

interface Place {
  readonly key: SortKey;
  readonly id: string;
}

function compare(one: Place, other: Place): number {
  const byKey =
    typeof one.key === 'number' && typeof other.key === 'number'
      ? one.key - other.key
      : String(one.key).localeCompare(String(other.key), 'en', { numeric: true, sensitivity: 'base' });
  return byKey || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

export function encodeCursor(key: SortKey, id: string): string {
  return Buffer.from(JSON.stringify([key, id])).toString('base64url');
}

export function decodeCursor(cursor: string): Place {
  try {
    const [key, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if ((typeof key === 'string' || typeof key === 'number') && typeof id === 'string') return { key, id };
  } catch {
    // Falls through to the refusal.
  }
  throw new ServiceError('INVALID_INPUT', 'this cursor is not one of ours; begin again without it');
}
