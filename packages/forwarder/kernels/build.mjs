// Compiles assembly/ to build/kernels.wasm: `node packages/forwarder/kernels/build.mjs`. Does nothing when neither the
// sources nor this file changed since the last time. Plain JavaScript, so that any Node can run it during set-up.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sourceFolder = join(here, 'assembly');
const buildFolder = join(here, 'build');
const stampFile = join(buildFolder, 'kernels.sha256');
const wasmFile = join(buildFolder, 'kernels.wasm');

const options = [
  '-O3',
  '--noAssert',
  '--converge',
  '--runtime=stub', // no garbage collector; nothing is ever allocated
  '--importMemory',
  '--noExportMemory',
  '--memoryBase=64', // address 0 stays unused, so that a forgotten offset is not the kernels' own bytes
  '--enable=simd',
  '--use=abort=', // nothing aborts, so nothing is imported but the memory
];

function sourcesHash() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(sourceFolder).sort()) hash.update(name).update(readFileSync(join(sourceFolder, name)));
  const compiler = createRequire(import.meta.url)('assemblyscript/package.json');
  return hash.update(compiler.version).digest('hex');
}

function isCurrent(stamp) {
  try {
    return (
      readFileSync(stampFile, 'utf8') === stamp + createHash('sha256').update(readFileSync(wasmFile)).digest('hex')
    );
  } catch {
    return false;
  }
}

/** Writes beside the target and renames, so that somebody who builds or reads at the same time never sees half a file. */
function replaceFile(path, content) {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, content);
  renameSync(fresh, path);
}

async function compile() {
  const { default: asc } = await import('assemblyscript/asc');
  const outputs = new Map();
  const { error, stderr } = await asc.main(['index.ts', ...options, '--outFile=kernels.wasm'], {
    readFile: (name) => {
      try {
        return readFileSync(join(sourceFolder, name), 'utf8');
      } catch {
        return null; // the compiler tries several places for each import
      }
    },
    writeFile: (name, content) => outputs.set(name, content),
    listFiles: () => [],
  });
  if (error) throw new Error(`kernels: AssemblyScript refused assembly/: ${error.message}\n${stderr}`);
  const wasm = outputs.get('kernels.wasm');
  if (!wasm) throw new Error('kernels: AssemblyScript wrote no kernels.wasm');
  return wasm;
}

const stamp = sourcesHash();
if (isCurrent(stamp)) {
  console.error('kernels: build/kernels.wasm is current');
} else {
  const wasm = await compile();
  mkdirSync(buildFolder, { recursive: true });
  replaceFile(wasmFile, wasm);
  replaceFile(stampFile, stamp + createHash('sha256').update(wasm).digest('hex'));
  console.error(`kernels: build/kernels.wasm written, ${wasm.length} bytes`);
}
