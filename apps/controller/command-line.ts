/** Options, signals and exit codes of `patronus controller`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isInUse } from './admin-socket.ts';
import { startController } from './controller.ts';
import { makeLog } from './log.ts';
import { StoreError } from './store/error.ts';
import { restoreBackup } from './store/restore.ts';

interface Options {
  readonly data: string;
  readonly port: number;
  readonly edgePort: number;
  readonly listen: string;
  readonly address: string[];
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly jsonLog?: true;
  readonly announce?: true;
}

const examples = `
Examples:
  patronus controller
  patronus controller --data /var/lib/patronus/controller --address sdwan.example.org
  patronus controller --tls-certificate fullchain.pem --tls-key key.pem --address sdwan.example.org
  patronus controller restore .patronus/controller/backups/config-….db

Every option can be given as a variable too: --edge-port as PATRONUS_EDGE_PORT, several addresses separated by commas.`;

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')) as { version: string };

export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = new Command('patronus controller')
    .description(
      'The controller of a Patronus SD-WAN: dashboard and API on HTTPS, the channel for edges, an embedded database.',
    )
    .version(version)
    .addOption(dataOption())
    .addOption(
      new Option('--port <port>', 'HTTPS for people, programs and enrolment')
        .env('PATRONUS_PORT')
        .default(8443)
        .argParser(parsePort),
    )
    .addOption(
      new Option('--edge-port <port>', 'mutual TLS for edges')
        .env('PATRONUS_EDGE_PORT')
        .default(8444)
        .argParser(parsePort),
    )
    .addOption(new Option('--listen <address>', 'local address to listen on').env('PATRONUS_LISTEN').default('::'))
    .addOption(
      new Option('--address <host...>', 'names and addresses that people and edges reach this controller at')
        .env('PATRONUS_ADDRESS')
        .default([])
        .argParser((value: string, before: string[]) => [
          ...(before ?? []),
          ...value.split(',').filter((name) => name !== ''),
        ]),
    )
    .addOption(
      new Option('--tls-certificate <file>', 'your own certificate for HTTPS, PEM with its chain').env(
        'PATRONUS_TLS_CERTIFICATE',
      ),
    )
    .addOption(new Option('--tls-key <file>', 'its private key, PEM').env('PATRONUS_TLS_KEY'))
    .addOption(new Option('--json-log', 'log JSON lines also at a terminal').env('PATRONUS_JSON_LOG'))
    .option('--announce', 'print one JSON line on stdout when ready, for programs')
    .addHelpText('after', examples)
    .action((options: Options) => run(options));
  program
    .command('restore <file>')
    .description('put a backup in the place of the database (the controller must be stopped)')
    .addOption(dataOption())
    .action((file: string, _options: unknown, command: Command) =>
      restore(file, command.optsWithGlobals<Options>().data),
    );
  try {
    await program.parseAsync(argv as string[]);
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    process.stderr.write(`patronus controller: ${cause.message}\n`);
    process.exitCode = 1;
  }
}

function dataOption(): Option {
  return new Option('--data <folder>', 'where the database and the keys are')
    .env('PATRONUS_DATA')
    .default('.patronus/controller');
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 1 to 65535, or 0 for any free one.');
}

async function run(options: Options): Promise<void> {
  const log = makeLog(options.jsonLog === true || !process.stderr.isTTY);
  const controller = await startController({
    directory: options.data,
    port: options.port,
    edgePort: options.edgePort,
    listen: options.listen,
    addresses: options.address,
    tls: readTls(options),
    log,
    version,
  });
  const { url, setupUrl, adminSocket, edgePort } = controller;
  // The link is a secret until it is used: it goes to the terminal or to the program that asked, never into a log.
  if (options.announce)
    process.stdout.write(`${JSON.stringify({ ready: true, url, setupUrl, adminSocket, edgePort })}\n`);
  else if (setupUrl !== null)
    process.stdout.write(`Make the first administrator here (the link works once):\n  ${setupUrl}\n`);
  log.info(`ready: dashboard and API at ${url}, edges on port ${edgePort}, data in ${options.data}`);
  await untilSignal();
  log.info('stopping');
  await controller.close();
  log.info('stopped');
}

/** npm passes Ctrl-C on, so that it comes twice within a millisecond; only a later repeat means "at once". */
async function untilSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        resolve();
      } else if (performance.now() - firstAt > 500) process.exit(130);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function readTls({ tlsCertificate, tlsKey }: Options) {
  if (tlsCertificate === undefined && tlsKey === undefined) return undefined;
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new StoreError('TLS_INCOMPLETE', 'give both --tls-certificate and --tls-key');
  }
  try {
    return { cert: readFileSync(tlsCertificate, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
  } catch (cause) {
    throw new StoreError('TLS_UNREADABLE', `the certificate or its key cannot be read: ${(cause as Error).message}`);
  }
}

async function restore(file: string, directory: string): Promise<void> {
  if (await isInUse(join(directory, 'admin.sock'))) {
    throw new StoreError('DATA_IN_USE', `the controller on ${directory} runs; stop it, then restore`);
  }
  const { epoch, setAside } = restoreBackup(directory, file, Date.now());
  process.stdout.write(
    `Restored ${file}; configurations continue with epoch ${epoch}. Unused enrolment tokens are void, and everyone has to sign in again.\n` +
      (setAside === undefined ? '' : `What was there before is kept as ${setAside}.\n`),
  );
}
