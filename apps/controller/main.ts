/** `patronus controller`: keeps what the network should be, and tells the edges. */
const [major] = process.versions.node.split('.').map(Number) as [number];
if (major < 24) {
  process.stderr.write(
    `patronus controller needs Node 24 or newer; this is ${process.version}. In the clone, use npm start or npx patronus.\n`,
  );
  process.exit(1);
}
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv);

export {};
