/** `patronus whatif --policy FILE --since TIME`: what a change would have done with what was measured. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { idOf } from './findByName.ts';
import { findPolicy } from './policyList.ts';
import { pathOf } from './policyWishes.ts';
import { timeOf } from './times.ts';

const document = `query WhatIf($input: WhatIfInput!, $since: DateTime!, $until: DateTime, $siteId: ID) {
  whatIf(input: $input, since: $since, until: $until, siteId: $siteId) {
    edge { name } sentence coverage resolutionSeconds confidence
    was { switches outOfSlaSeconds downSeconds } wouldBe { switches outOfSlaSeconds downSeconds }
    paths {
      policies { name } remoteEdge { name }
      was { switches outOfSlaSeconds downSeconds } wouldBe { switches outOfSlaSeconds downSeconds }
    }
  }
}`;
const outcomeSchema = z.object({ switches: z.number(), outOfSlaSeconds: z.number(), downSeconds: z.number() });
const named = z.object({ name: z.string() });
const schema = z.object({
  whatIf: z.array(
    z.object({
      ...{ edge: named, sentence: z.string(), coverage: z.number(), resolutionSeconds: z.number().nullable() },
      ...{ confidence: z.number(), was: outcomeSchema, wouldBe: outcomeSchema },
      paths: z.array(
        z.object({
          ...{ policies: z.array(named), remoteEdge: named.nullable() },
          ...{ was: outcomeSchema.nullable(), wouldBe: outcomeSchema.nullable() },
        }),
      ),
    }),
  ),
});
type Outcome = z.infer<typeof outcomeSchema>;

const bound = z.number().nullable().optional();
const boundsSchema = z.strictObject({ roundTripMs: bound, jitterMs: bound, lossPercent: bound, mos: bound });
const wishSchema = z.strictObject({ sla: z.string().nullable().optional(), path: z.string().optional() });
/** By name, as people know them. */
export const fileSchema = z.strictObject({
  thresholds: z.record(z.string(), z.number()).optional(),
  slaClasses: z.record(z.string(), boundsSchema).optional(),
  policies: z.record(z.string(), wishSchema).optional(),
});

export function whatIf(): Command {
  return new Command('whatif')
    .description('say how many switches and how much time out of SLA a change would have made of what was measured')
    .requiredOption('--policy <file>', 'what would be different, as JSON (see below)')
    .requiredOption('--since <time>', 'from then on: 2h, 7d, or a time such as 2026-01-31T12:00; at most 30 days')
    .option('--until <time>', 'up to then; now unless given')
    .option('--site <name>', 'the gateways of this site only')
    .option('--json', 'one JSON array for programs')
    .addHelpText(
      'after',
      `
The file holds any of these; what it leaves out is as it is, and nothing is changed by asking:
  {
    "thresholds": { "holdMs": 300000, "leastGainMs": 30 },
    "slaClasses": { "Voice": { "lossPercent": 1, "mos": null } },
    "policies": { "Calls": { "sla": "Voice", "path": "ordered:mpls,internet" } }
  }
Samples are ten seconds apart for a week, and a minute before: what was shorter is not seen, and the answer says how far
it can be believed.

Examples:
  $ patronus whatif --policy failback.json --since 7d
  $ patronus whatif --policy voice.json --since 2h --site berlin --json
  $ patronus steering set --file failback.json         what looks good is then applied`,
    )
    .action(async (options: { policy: string; since: string; until?: string; site?: string; json?: boolean }) => {
      const now = Date.now();
      const variables = {
        input: await inputOf(fileAt('--policy', options.policy)),
        since: timeOf(options.since, '--since', now),
        ...(options.until === undefined ? {} : { until: timeOf(options.until, '--until', now) }),
        ...(options.site === undefined ? {} : { siteId: await idOf('site', options.site) }),
      };
      const { whatIf: edges } = await query(document, variables, schema);
      if (options.json === true) return printJson(edges);
      for (const { edge, sentence, paths } of edges) {
        printLine(`${edge.name}: ${sentence}`);
        printTable(
          paths,
          [
            { header: 'Policies', cell: ({ policies }) => policies.map(({ name }) => name).join(', ') || 'none' },
            { header: 'To', cell: ({ remoteEdge }) => remoteEdge?.name ?? '?' },
            { header: 'Switches', cell: both((one) => String(one.switches)), align: 'right' },
            { header: 'Out of SLA', cell: both((one) => `${one.outOfSlaSeconds.toFixed(0)} s`), align: 'right' },
            { header: 'Down', cell: both((one) => `${one.downSeconds.toFixed(0)} s`), align: 'right' },
          ],
          'It has no paths.',
        );
      }
      if (edges.length === 0) printLine('No gateway is enrolled there.');
    });
}

/** `41 → 3`. */
function both(read: (one: Outcome) => string) {
  return ({ was, wouldBe }: { readonly was: Outcome | null; readonly wouldBe: Outcome | null }) =>
    [was, wouldBe].map((one) => (one === null ? '–' : read(one))).join(' → ');
}

/** What a file holds that describes a change; throws a CliError that names what is wrong in it. */
export function fileAt(option: string, path: string): z.infer<typeof fileSchema> {
  const wrong = (why: string) =>
    new CliError(`${option} ${path}: ${why}; \`patronus whatif --help\` shows what it holds`, ExitCode.usage, 'USAGE');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw wrong(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

async function inputOf({ thresholds, slaClasses = {}, policies = {} }: z.infer<typeof fileSchema>) {
  const classes: object[] = [];
  for (const [name, bounds] of Object.entries(slaClasses)) classes.push({ id: await idOf('sla', name), ...bounds });
  const wishes: object[] = [];
  for (const [name, { sla, path }] of Object.entries(policies)) {
    const slaClassId = sla == null ? sla : await idOf('sla', sla);
    wishes.push({
      id: (await findPolicy(name)).id,
      ...(slaClassId === undefined ? {} : { slaClassId }),
      ...(path === undefined ? {} : { path: pathOf(path) }),
    });
  }
  return { ...(thresholds === undefined ? {} : { thresholds }), slaClasses: classes, policies: wishes };
}
