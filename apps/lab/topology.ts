/**
 * A topology file: which sites there are, what hangs behind them, and by which uplinks they reach the core.
 *
 * Read once, checked whole, and every complaint names its place in the file. What passes here is safe to use as part
 * of a namespace's or an interface's name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { basename, join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { exitCodes, LabError } from './errors.ts';
import {
  hostNamePattern,
  interfaceNamePattern,
  reservedSiteNames,
  siteNamePattern,
  uplinkLabelPattern,
} from './names.ts';

const builtIn = join(import.meta.dirname, 'topologies');
export const defaultTopology = 'three-sites';

const percent = z.number().min(0).max(100);

/** What an uplink's wire does to packets; zero everywhere is a clean wire. */
export const impairmentSchema = z.strictObject({
  delayMs: z.number().min(0).max(10_000).default(0),
  jitterMs: z.number().min(0).max(5_000).default(0),
  lossPercent: percent.default(0),
  rateMbit: z.number().min(0).max(100_000).default(0),
  reorderPercent: percent.default(0),
  duplicatePercent: percent.default(0),
  corruptPercent: percent.default(0),
  /** Spoil only what leaves the site. */
  oneWay: z.boolean().default(false),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1),
});
export type WireImpairment = z.infer<typeof impairmentSchema>;

const lanV4 = z
  .string()
  .refine(
    (text) => /^[\d.]+\.0\/24$/.test(text) && isIPv4(text.slice(0, -3)),
    'must be an IPv4 prefix such as 10.1.0.0/24',
  );
const lanV6 = z
  .string()
  .refine((text) => /::\/64$/.test(text) && isIPv6(text.slice(0, -3)), 'must be an IPv6 prefix such as fd00:1::/64');
const range = z.string().refine((text) => {
  const [address = '', length] = text.split('/');
  return length === '30' && isIPv4(address) && Number(address.split('.')[3]) % 4 === 0;
}, 'must be an IPv4 /30 such as 198.18.1.0/30');

const uplinkSchema = z.strictObject({
  label: z.string().regex(uplinkLabelPattern, 'must be 1 to 13 of a-z and 0-9, beginning with a letter'),
  domain: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a reachability domain such as internet'),
  interface: z.string().regex(interfaceNamePattern, 'must begin with pt and have 15 characters at most').optional(),
  /** The provider's /30; left out, the lab allots one from its own block, so that several labs can be up at once. */
  range: range.optional(),
  impairment: impairmentSchema.optional(),
});

const siteSchema = z.strictObject({
  name: z
    .string()
    .regex(siteNamePattern, 'must be a-z, 0-9 and hyphens, beginning with a letter')
    .refine((name) => !reservedSiteNames.includes(name), `must not be one of ${reservedSiteNames.join(', ')}`),
  /** Place shown to people, such as `Berlin, DE`. */
  location: z.string().max(80).default(''),
  lan: z.strictObject({ v4: lanV4, v6: lanV6 }),
  hosts: z
    .array(z.string().regex(hostNamePattern, 'must be a-z and 0-9, beginning with a letter'))
    .min(1)
    .max(200)
    .default(['h1']),
  uplinks: z.array(uplinkSchema).min(1).max(8),
});

const topologySchema = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().default(''),
    sites: z.array(siteSchema).min(1).max(250),
  })
  .superRefine((topology, context) => {
    for (const repeat of repeats(topology)) {
      context.addIssue({ code: 'custom', path: repeat.path, message: repeat.message });
    }
  });
export type Topology = z.infer<typeof topologySchema>;

interface Complaint {
  readonly path: (string | number)[];
  readonly message: string;
}

/** Everything that must be there once only: site names, LANs and ranges in the file, labels and hosts in a site. */
function* repeats(topology: z.infer<z.ZodObject<{ sites: z.ZodArray<typeof siteSchema> }>>): Generator<Complaint> {
  const seen = new Map<string, string>();
  const check = function* (scope: string, value: string | undefined, path: (string | number)[]): Generator<Complaint> {
    if (value === undefined) return;
    const key = `${scope} ${value}`;
    const first = seen.get(key);
    if (first !== undefined) yield { path, message: `"${value}" is already used at ${first}` };
    else seen.set(key, placeOf(path));
  };
  for (const [s, site] of topology.sites.entries()) {
    yield* check('site', site.name, ['sites', s, 'name']);
    yield* check('lan', site.lan.v4, ['sites', s, 'lan', 'v4']);
    yield* check('lan', site.lan.v6, ['sites', s, 'lan', 'v6']);
    for (const [h, host] of site.hosts.entries()) yield* check(`host ${s}`, host, ['sites', s, 'hosts', h]);
    for (const [u, uplink] of site.uplinks.entries()) {
      yield* check(`label ${s}`, uplink.label, ['sites', s, 'uplinks', u, 'label']);
      yield* check(`interface ${s}`, uplink.interface ?? `pt${uplink.label}`, ['sites', s, 'uplinks', u, 'interface']);
      yield* check('range', uplink.range, ['sites', s, 'uplinks', u, 'range']);
    }
  }
}

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('');
}

/** Checks a topology's text; `source` is what error messages call the file. */
export function parseTopology(text: string, source: string): Topology {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new LabError('lab.bad_topology', `${source} is not valid YAML: ${error.message}`, exitCodes.usage);
  }
  const checked = topologySchema.safeParse(document);
  if (checked.success) return checked.data;
  const places = checked.error.issues.map((issue) => `  ${placeOf(issue.path) || 'the file'}: ${issue.message}`);
  throw new LabError(
    'lab.bad_topology',
    `${source} is not a topology the lab can build:\n${places.join('\n')}`,
    exitCodes.usage,
  );
}

/** Reads a topology by file name, or by the name of one that comes with the lab. */
export function loadTopology(nameOrPath: string): Topology {
  const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath);
  const file = isPath ? nameOrPath : join(builtIn, `${nameOrPath}.yaml`);
  try {
    return parseTopology(readFileSync(file, 'utf8'), isPath ? file : basename(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new LabError(
      'lab.no_topology',
      `there is no topology "${nameOrPath}"; those that come with the lab: ${topologyNames().join(', ')}; or give the path of a .yaml file`,
      exitCodes.usage,
    );
  }
}

export function topologyNames(): string[] {
  return readdirSync(builtIn)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}
