/**
 * The layers of the house, as a table. Each rule has its reason, which is printed when the rule is broken.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Layer {
  /** Packages of ours that it may import. */
  readonly packages: readonly string[];
  /** Packages of others. */
  readonly libraries: readonly string[];
  readonly reason: string;
}

const layers: Readonly<Record<string, Layer>> = {
  wire: { packages: [], libraries: [], reason: 'bytes and results lie under everything' },
  net: { packages: ['wire'], libraries: [], reason: 'addresses and prefixes are plain calculation' },
  bfd: { packages: ['wire', 'net'], libraries: [], reason: 'a protocol does no I/O and knows no other protocol' },
  wireguard: {
    packages: ['wire', 'net'],
    libraries: ['@noble/hashes', '@noble/ciphers', '@noble/curves'],
    reason: 'a protocol does no I/O and knows no other protocol',
  },
  bgp: { packages: ['wire', 'net'], libraries: [], reason: 'a protocol does no I/O and knows no other protocol' },
  applications: {
    packages: ['wire', 'net'],
    libraries: [],
    reason: 'what a packet shows is a calculation, whoever asks',
  },
  steering: { packages: ['wire', 'net'], libraries: [], reason: 'steering is pure, so that an outage can be replayed' },
  fabric: {
    packages: ['wire', 'net'],
    libraries: [],
    reason: 'the model is pure, so that a change can be checked first',
  },
  protocol: { packages: ['wire', 'net', 'fabric'], libraries: ['zod'], reason: 'both ends share words, not code' },
  system: {
    packages: ['wire', 'net'],
    libraries: ['koffi', '@noble/hashes'],
    reason: 'it wraps the kernel and knows no protocol',
  },
  forwarder: {
    packages: ['wire', 'net', 'applications', 'bfd', 'wireguard', 'steering', 'system', 'protocol'],
    libraries: ['koffi', 'assemblyscript'],
    reason: 'the packet path joins tunnels, steering and the kernel, and nothing above them',
  },
  router: {
    packages: ['wire', 'net', 'bgp', 'bfd', 'system'],
    libraries: ['yaml', 'zod'],
    reason: 'it binds the speaker and its BFD to the kernel, and knows nothing of the fabric',
  },
  testkit: {
    packages: [
      'wire',
      'net',
      'applications',
      'bfd',
      'wireguard',
      'steering',
      'fabric',
      'protocol',
      'system',
      'forwarder',
    ],
    libraries: ['fast-check', 'koffi'],
    reason: 'it may simulate anything, and only tests and the lab use it',
  },
};

/** Folders whose files may import `node:*`: the edges of the system, where I/O is. */
const nodeFolders = [
  'packages/system/linux/',
  'packages/forwarder/host/',
  'packages/router/host/',
  'packages/testkit/',
  'apps/',
  'test/',
  'bench/',
  'scripts/',
];

interface Import {
  readonly file: string;
  readonly target: string;
}

const imports = filesOf(['packages', 'apps', 'test', 'bench']).flatMap(importsOf);

test('a package imports only the layers below it', () => {
  const broken = imports.filter(isProduction).flatMap(({ file, target }) => {
    const layer = layerOf(file);
    const name = /^@patronus\/([a-z]+)/.exec(target)?.[1];
    if (layer === undefined || name === undefined || name === layer) return [];
    const rule = layers[layer] as Layer;
    return rule.packages.includes(name) ? [] : [`${file} imports ${target}: ${layer} may not, because ${rule.reason}`];
  });
  assert.deepEqual(broken, []);
});

test('every package stands in the table of layers', () => {
  const packages = new Set(filesOf(['packages']).map((file) => file.split('/')[1]));
  assert.deepEqual(
    [...packages].filter((name) => name !== undefined && !(name in layers)),
    [],
  );
});

test('a package uses only the libraries that its layer names', () => {
  const broken = imports.filter(isProduction).flatMap(({ file, target }) => {
    const layer = layerOf(file);
    if (layer === undefined || /^(\.|node:|@patronus\/)/.test(target)) return [];
    const library = target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/');
    const rule = layers[layer] as Layer;
    return rule.libraries.includes(library)
      ? []
      : [`${file} imports ${target}: not a library of ${layer} (${rule.reason})`];
  });
  assert.deepEqual(broken, []);
});

test('packages never import apps, because programs are made of packages and not the other way round', () => {
  const broken = imports.filter(
    ({ file, target }) => file.startsWith('packages/') && resolved(file, target).startsWith('apps/'),
  );
  assert.deepEqual(broken, []);
});

test('apps never import each other, because they meet over protocols', () => {
  const broken = imports.filter(({ file, target }) => {
    const app = /^apps\/[^/]+\//.exec(file)?.[0];
    const to = resolved(file, target);
    return app !== undefined && to.startsWith('apps/') && !to.startsWith(app);
  });
  assert.deepEqual(broken, []);
});

test('a relative import stays inside its package, because the way to another one is its entry', () => {
  const broken = imports.filter(({ file, target }) => {
    const home = /^packages\/[^/]+\//.exec(file)?.[0];
    return home !== undefined && target.startsWith('.') && !resolved(file, target).startsWith(home);
  });
  assert.deepEqual(broken, []);
});

test('only the edges of the system touch Node, because everything else is a calculation that a test can replay', () => {
  const broken = imports
    .filter(isProduction)
    .filter(({ target }) => target.startsWith('node:'))
    .filter(({ file }) => !nodeFolders.some((folder) => file.startsWith(folder)) && !file.endsWith('.mjs'));
  assert.deepEqual(broken, []);
});

test('resolvers and routes reach the store only through services, because permission and audit live there', () => {
  const broken = imports
    .filter(isProduction)
    .filter(({ file }) => /^apps\/controller\/(graphql|http)\//.test(file))
    .filter(({ file, target }) => resolved(file, target).startsWith('apps/controller/store/'));
  assert.deepEqual(broken, []);
});

test('protocol packages read no clock and roll no dice, because the same events must give the same effects', () => {
  const pure = ['wire', 'net', 'applications', 'bfd', 'bgp', 'wireguard', 'steering', 'fabric', 'protocol'];
  const broken = filesOf(['packages'])
    .filter((file) => pure.includes(file.split('/')[1] ?? '') && !file.endsWith('.test.ts'))
    .filter((file) =>
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\bsetTimeout\(|\bsetInterval\(/.test(
        code(file),
      ),
    );
  assert.deepEqual(broken, []);
});

function filesOf(folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.{ts,tsx,mjs}`, { cwd: root }))
    .filter((file) => !/(^|\/)(node_modules|dist|build|assembly)\//.test(file))
    .sort();
}

function code(file: string): string {
  return readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*$/gm, '');
}

function importsOf(file: string): Import[] {
  const found = code(file).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"\n]+)['"]/g);
  return [...found].map((match) => ({ file, target: match[1] as string }));
}

function isProduction({ file }: Import): boolean {
  return !/(\.test\.tsx?|\/arbitraries\.ts)$/.test(file);
}

function layerOf(file: string): string | undefined {
  const name = /^packages\/([^/]+)\//.exec(file)?.[1];
  return name !== undefined && name in layers ? name : undefined;
}

/** Where a relative import leads, from the root; anything else as it is. */
function resolved(file: string, target: string): string {
  return target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target;
}
