#!/usr/bin/env node
/**
 * `patronus edge`: the brain of a site's gateway. It enrols with a controller, applies the signed configurations it
 * gets, keeps the kernel's routes, and runs the forwarder. Nothing is imported before the Node version is known to do.
 */
const leastNode = 24;

if (Number(process.versions.node.split('.')[0]) < leastNode) {
  console.error(
    `patronus edge needs Node ${leastNode} or newer, this is ${process.versions.node}; start it with \`npx patronus edge\` in the clone, which brings its own`,
  );
  process.exit(1);
}

// Compiled sources are kept, which halves the start: an edge that was killed is back the sooner. In the state directory,
// which is root's alone, because what lies there is run.
if (process.argv[2] === 'run') {
  const { compileCacheFor } = await import('./state/compileCache.ts');
  compileCacheFor(process.argv);
  const { compileNothing, runThriftily } = await import('@patronus/system/linux');
  runThriftily();
  // Nor what the start does; from then on the edge judges by what it has to do.
  compileNothing();
}

const { runProgram } = await import('./commands/program.ts');
await runProgram(process.argv);
