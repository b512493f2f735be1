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

const { runProgram } = await import('./commands/program.ts');
await runProgram(process.argv);
