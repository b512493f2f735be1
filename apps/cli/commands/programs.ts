/** `patronus controller | edge | lab`: programs of their own, started with the same words and this terminal. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

const table = [
  { name: 'controller', description: 'keep intent, compile configurations, serve dashboard and APIs' },
  { name: 'edge', description: 'be the gateway of a site: run, enrol, status, explain, record, uninstall' },
  {
    name: 'lab',
    description: 'a whole SD-WAN in network namespaces: up, down, status, exec, cut, restore, impair, check',
  },
] as const;

export function programs(): Command[] {
  return table.map(({ name, description }) =>
    new Command(name)
      .description(description)
      .allowUnknownOption()
      .allowExcessArguments()
      .passThroughOptions()
      .helpOption(false)
      .argument('[words...]')
      .action(async () => {
        process.exitCode = await handOver(name);
      }),
  );
}

/** Everything behind the program's name goes to it as it is. */
function handOver(name: string): Promise<number> {
  const main = fileURLToPath(new URL(`../../${name}/main.ts`, import.meta.url));
  const words = process.argv.slice(process.argv.indexOf(name, 2) + 1);
  const child = spawn(process.execPath, [main, ...words], { stdio: 'inherit' });
  // The terminal's Ctrl-C reaches the program by itself; it decides how to end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}
