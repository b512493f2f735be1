import { equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './schema.ts';

test('the schema that is served is the one of schema.graphql', () => {
  const contract = buildSchema(readFileSync(join(import.meta.dirname, 'schema.graphql'), 'utf8'));
  equal(printSchema(lexicographicSortSchema(schema)), printSchema(lexicographicSortSchema(contract)));
});
