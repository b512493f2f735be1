/** From what is written to what runs; every mistake is told, with statement and field. */
import { err, ok, type Result } from '@patronus/wire';
import { compileChanges } from './changes.ts';
import { compileConditions, compilePrefixCondition } from './conditions.ts';
import { Policy, type Statement } from './policy.ts';
import { type PrefixSet, parsePrefixSet } from './prefixSet.ts';
import type { PolicyError, PolicySource } from './source.ts';

export interface PolicyContext {
  /** Sets by name, as texts (prefixSet.ts). */
  readonly prefixSets?: Readonly<Record<string, readonly string[]>>;
}

const fields: ReadonlySet<string> = new Set(['name', 'match', 'set', 'action']);

export function compilePolicy(source: PolicySource, context: PolicyContext = {}): Result<Policy, PolicyError[]> {
  const errors: PolicyError[] = [];
  const { name: policy, otherwise = 'reject' } = source;
  const sets = new Map<string, PrefixSet>();
  for (const [name, texts] of Object.entries(context.prefixSets ?? {})) {
    const set = parsePrefixSet(texts);
    if (set.ok) sets.set(name, set.value);
    else errors.push({ policy, statement: null, field: `prefixSets.${name}`, message: set.error });
  }
  const statements = source.statements.map((statement, at): Statement => {
    const name = statement.name ?? `#${at + 1}`;
    const complainOf = (group: string) => (field: string, message: string) => {
      errors.push({ policy, statement: name, field: `${group}${field}`, message });
    };
    for (const field of Object.keys(statement)) if (!fields.has(field)) complainOf('')(field, 'is no such field');
    const { match = {}, set = {}, action = 'continue' } = statement;
    if (!['accept', 'reject', 'continue'].includes(action)) {
      complainOf('')('action', `${JSON.stringify(action)}: write accept, reject or continue`);
    }
    return {
      name,
      conditions: compileConditions(match, complainOf('match.')),
      prefixCondition: compilePrefixCondition(match, sets, complainOf('match.')),
      changes: compileChanges(set, complainOf('set.')),
      action,
    };
  });
  if (errors.length > 0) return err(errors);
  const named = new Set(source.statements.flatMap(({ match }) => match?.prefixSets ?? []));
  const written = Object.entries(context.prefixSets ?? {}).filter(([name]) => named.has(name));
  return ok(new Policy(policy, statements, otherwise, { source, prefixSets: Object.fromEntries(written) }));
}

/** `policy fromUpstream, statement #2, match.asPath: …` */
export function describePolicyError({ policy, statement, field, message }: PolicyError): string {
  return `policy ${policy}${statement === null ? '' : `, statement ${statement}`}, ${field}: ${message}`;
}

/** RFC 8212: without a policy an external neighbour gives and gets nothing; an internal one everything. */
export function defaultPolicy(isExternal: boolean): Policy {
  return isExternal ? nothing : everything;
}

const nothing = new Policy('none (RFC 8212)', [], 'reject');
const everything = new Policy('everything', [], 'accept');
