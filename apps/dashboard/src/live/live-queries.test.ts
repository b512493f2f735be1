/** Every query that a page keeps live can be turned into a subscription: one root field, as GraphQL §5.2.3.1 has it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'graphql';

const source = join(import.meta.dirname, '..');

test('a query that is kept live selects one root field', () => {
  let seen = 0;
  for (const file of globSync('**/*.{ts,tsx}', { cwd: source })) {
    const text = readFileSync(join(source, file), 'utf8');
    const live = new Set([...text.matchAll(/useLiveQuery\((\w+)/g)].map(([, name]) => name));
    for (const [, name, document] of text.matchAll(/const (\w+) = graphql\(\s*`([^`]*)`/g)) {
      if (!live.has(name)) continue;
      seen++;
      for (const definition of parse(document!).definitions) {
        if (definition.kind !== 'OperationDefinition') continue;
        assert.equal(definition.selectionSet.selections.length, 1, `${file}: ${name} selects several root fields`);
      }
    }
  }
  assert.ok(seen >= 20, `${seen} live queries were found: the patterns no longer fit how pages write them`);
});
