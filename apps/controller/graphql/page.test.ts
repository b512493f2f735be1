import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Order, type PageArgs, paginate } from './page.ts';

interface Item {
  readonly id: string;
  readonly name: string;
}

const byName: Order<Item> = { key: (item) => item.name, id: (item) => item.id };
const items: Item[] = ['e', 'b', 'd', 'a', 'c'].map((name) => ({ id: `id-${name}`, name }));

function names(args: PageArgs, order: Order<Item> = byName): string {
  return paginate(items, args, order)
    .edges.map((edge) => edge.node.name)
    .join('');
}

test('pages forward and backward, in both directions of sorting', () => {
  equal(names({}), 'abcde');
  equal(names({ first: 2 }), 'ab');
  equal(names({ last: 2 }), 'de');
  equal(names({}, { ...byName, descending: true }), 'edcba');
  const { pageInfo } = paginate(items, { first: 2 }, byName);
  equal(names({ first: 2, after: pageInfo.endCursor }), 'cd');
  equal(names({ last: 2, before: paginate(items, { last: 1 }, byName).pageInfo.startCursor }), 'cd');
  deepEqual([pageInfo.hasNextPage, pageInfo.hasPreviousPage], [true, false]);
});

test('a cursor still finds its place when its item is gone', () => {
  const { endCursor } = paginate(items, { first: 3 }, byName).pageInfo;
  const left = items.filter((item) => item.name !== 'c');
  equal(paginate(left, { after: endCursor }, byName).edges[0]?.node.name, 'd');
});

test('paging through any list shows each item once, in order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (ids, first) => {
      const all = ids.map((id) => ({ id, name: id.slice(0, 1) }));
      const seen: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page: ReturnType<typeof paginate<Item>> = paginate(all, { first, after }, byName);
        seen.push(...page.edges.map((edge) => edge.node.id));
        equal(page.totalCount, all.length);
        if (!page.pageInfo.hasNextPage) break;
        after = page.pageInfo.endCursor;
      }
      deepEqual([...seen].sort(), [...ids].sort());
      equal(new Set(seen).size, ids.length);
    }),
  );
});

test('a broken cursor or a page beyond the limit is refused', () => {
  throws(() => names({ after: 'nonsense' }), { code: 'INVALID_INPUT' });
  throws(() => names({ first: 1001 }), { code: 'INVALID_INPUT' });
  throws(() => names({ first: -1 }), { code: 'INVALID_INPUT' });
});
