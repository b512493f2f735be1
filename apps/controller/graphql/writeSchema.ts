/** `node apps/controller/graphql/writeSchema.ts`: writes schema.graphql anew, after the schema has changed on purpose. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printSchema } from 'graphql';
import { schema } from './schema.ts';

const file = join(import.meta.dirname, 'schema.graphql');
const lines = readFileSync(file, 'utf8').split('\n');
const header = lines.slice(
  0,
  lines.findIndex((line) => !line.startsWith('#')),
);
writeFileSync(file, `${header.join('\n')}\n\n${printSchema(schema)}\n`);
