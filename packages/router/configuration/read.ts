/**
 * From the text of a configuration to what it means. Strict: a key that nobody knows is an error, as is a policy or group
 * that is named and not there. Every mistake is told, each with line and column.
 */
import {
  compilePolicy,
  describePolicyError,
  type Policy,
  type PolicyError,
  type PolicySource,
  type SpeakerConfiguration,
} from '@patronus/bgp';
import { type IpAddress, parseAddress } from '@patronus/net';
import { err, ok, type Result } from '@patronus/wire';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type BfdSettings, DEFAULT_CONTROL_SOCKET, MAIN_TABLE, type RouterConfiguration } from './configuration.ts';
import { errorsOf } from './issues.ts';
import { bfdOf, type Grouped, readNeighbour } from './neighbour.ts';
import { type ConfigurationError, Places } from './places.ts';
import { type RouterDocument, routerSchema } from './schema.ts';

export function readConfiguration(text: string): Result<RouterConfiguration, ConfigurationError[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const places = new Places(document, lines);
  if (document.errors.length > 0) {
    return err(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { line, column: col, path: '', message: `this is no YAML: ${message}` };
      }),
    );
  }
  const checked = routerSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!checked.success) return err(errorsOf(checked.error.issues, places, keys));
  return new Reader(checked.data, places).read();
}

/** Every key there is, for suggestions. */
const keys = [...new Set(keysOf(routerSchema))];

function keysOf(schema: z.core.$ZodType): string[] {
  const def = schema._zod.def as unknown as Readonly<Record<string, unknown>>;
  const inner = ['innerType', 'element', 'valueType', 'in', 'out'].flatMap((name) => {
    const one = def[name];
    return isSchema(one) ? keysOf(one) : [];
  });
  const options = Array.isArray(def.options) ? def.options.filter(isSchema).flatMap(keysOf) : [];
  const shape = Object.entries((def.shape ?? {}) as Record<string, z.core.$ZodType>);
  return [...shape.flatMap(([name, one]) => [name, ...keysOf(one)]), ...inner, ...options];
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}

const everywhere: readonly IpAddress[] = [parseAddress('0.0.0.0')!, parseAddress('::')!];

class Reader {
  readonly #document: RouterDocument;
  readonly #places: Places;
  readonly #errors: ConfigurationError[] = [];
  readonly #bfd = new Map<string, BfdSettings>();

  constructor(document: RouterDocument, places: Places) {
    this.#document = document;
    this.#places = places;
  }

  read(): Result<RouterConfiguration, ConfigurationError[]> {
    const { router, kernel, rpki, bmp } = this.#document;
    const speaker = this.#speaker();
    if (this.#errors.length > 0) return err(this.#errors);
    return ok({
      speaker,
      listen: router.listen ?? everywhere,
      port: router.port,
      bfd: this.#bfd,
      bmp: bmp.map(({ retry, ...place }) => ({ ...place, retryS: retry })),
      rpki: rpki.map(({ retry, ...place }) => ({ ...place, retryS: retry })),
      controlSocket: router.controlSocket ?? DEFAULT_CONTROL_SOCKET,
      kernel: kernel === false ? undefined : { ...kernel, table: kernel.table === 'main' ? MAIN_TABLE : kernel.table },
    });
  }

  #speaker(): SpeakerConfiguration {
    const { router, networks } = this.#document;
    const policies = this.#policies();
    networks.forEach(({ set }, at) => {
      const source: PolicySource = { name: `networks[${at}]`, statements: [{ set: set as object }] };
      const compiled = compilePolicy(source);
      if (compiled.ok) return;
      for (const { field, message } of compiled.error) this.#complain(['networks', at, ...field.split('.')], message);
    });
    return {
      ...{ as: router.as, identifier: router.identifier, multipath: router.multipath, policies },
      ...(router.clusterId === undefined ? {} : { clusterId: router.clusterId }),
      networks: networks as SpeakerConfiguration['networks'],
      neighbours: this.#neighbours(policies),
    };
  }

  #policies(): Map<string, Policy> {
    const { policies, prefixSets } = this.#document;
    const compiled = new Map<string, Policy>();
    const sets = new Map<string, readonly string[]>();
    for (const [name, texts] of Object.entries(prefixSets)) {
      const probe: PolicySource = { name, statements: [{ match: { prefixSets: [name] } }] };
      const result = compilePolicy(probe, { prefixSets: { [name]: texts } });
      if (result.ok) sets.set(name, texts);
      else this.#complain(['prefixSets', name], result.error[0]!.message);
    }
    for (const [name, policy] of Object.entries(policies)) {
      if (name === 'accept' || name === 'reject') {
        this.#complain(['policies', name], `"${name}" is a word of its own: give the policy another name`);
      }
      const source = { name, ...policy } as PolicySource;
      const result = compilePolicy(source, { prefixSets: Object.fromEntries(sets) });
      if (result.ok) compiled.set(name, result.value);
      else for (const error of result.error) this.#complainOfPolicy(source, error);
    }
    return compiled;
  }

  #complainOfPolicy(source: PolicySource, error: PolicyError): void {
    const at = source.statements.findIndex(({ name }, index) => (name ?? `#${index + 1}`) === error.statement);
    const path = ['policies', source.name, ...(at < 0 ? [] : ['statements', at]), ...error.field.split('.')];
    this.#complain(path, error.statement === null ? describePolicyError(error) : error.message);
  }

  #neighbours(policies: ReadonlyMap<string, Policy>): SpeakerConfiguration['neighbours'] {
    const { neighbours, groups, router } = this.#document;
    const names = new Map<string, number>();
    return neighbours.flatMap((own, at) => {
      const path = ['neighbours', at];
      const group = own.group === undefined ? {} : groups[own.group];
      if (group === undefined) {
        this.#complain([...path, 'group'], `there is no group "${own.group}"; there are: ${list(Object.keys(groups))}`);
        return [];
      }
      const grouped: Grouped = { ...group, ...own };
      const neighbour = readNeighbour(grouped, router, (field, message) => this.#complain([...path, field], message));
      if (neighbour === undefined) return [];
      for (const direction of ['export', 'import'] as const) {
        const name = grouped[direction];
        if (name === undefined || name === 'accept' || name === 'reject' || policies.has(name)) continue;
        // A policy that has errors of its own is told of there.
        if (name in this.#document.policies) continue;
        this.#complain(
          own[direction] === undefined ? ['groups', own.group!, direction] : [...path, direction],
          `there is no policy "${name}"; there are accept, reject, ${list(policies.keys())}`,
        );
      }
      const first = names.get(neighbour.name);
      if (first !== undefined) this.#complain(path, `"${neighbour.name}" is neighbours[${first}] already`);
      names.set(neighbour.name, at);
      const bfd = bfdOf(grouped);
      if (bfd !== undefined) this.#bfd.set(neighbour.name, bfd);
      return [neighbour];
    });
  }

  #complain(path: readonly PropertyKey[], message: string): void {
    this.#errors.push(this.#places.errorAt(path, message));
  }
}

function list(names: Iterable<string>): string {
  return [...names].join(', ') || 'none';
}
