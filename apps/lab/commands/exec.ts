import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { labNamespaces } from '../cleanup.ts';
import { notUp } from '../control.ts';
import { exitCodes, LabError } from '../errors.ts';
import { findSite } from '../find.ts';
import { requireLinux, requireRoot } from '../rights.ts';
import { type CommonOptions, layoutOf, withCommonOptions } from './shared.ts';

interface Options extends CommonOptions {
  readonly gateway?: boolean;
  readonly host?: string;
}

export function register(program: Command): void {
  const command = program
    .command('exec <site> <command...>')
    .description("run a command on a site's first host; its exit code is passed on")
    .option('--gateway', "on the site's gateway instead")
    .option('--host <host>', 'on this host instead of the first')
    .passThroughOptions();
  withCommonOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  patronus lab exec berlin ping -c 3 10.2.0.10
  patronus lab exec --gateway berlin ip route`,
    )
    .action(exec);
}

async function exec(site: string, words: readonly string[], options: Options): Promise<void> {
  const command = withoutSeparator(words);
  requireLinux();
  requireRoot('exec');
  const namespace = namespaceOf(site, options);
  if (!(await labNamespaces(options.name)).includes(namespace)) throw notUp();
  // Ctrl-C reaches the command itself through the terminal; this process waits for what it makes of it.
  process.on('SIGINT', () => {});
  const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: 'inherit' });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** Many write `exec berlin -- ping …` out of habit: what is passed through still has those dashes. */
export function withoutSeparator(words: readonly string[]): readonly string[] {
  return words[0] === '--' ? words.slice(1) : words;
}

function namespaceOf(name: string, options: Options): string {
  const site = findSite(layoutOf(options), name);
  if (options.gateway) return site.namespace;
  const host = options.host === undefined ? site.hosts[0] : site.hosts.find((each) => each.name === options.host);
  if (host !== undefined) return host.namespace;
  const known = site.hosts.map((each) => each.name).join(', ');
  throw new LabError('lab.unknown_host', `${name} has no host "${options.host}"; it has: ${known}`, exitCodes.usage);
}
