/** `patronus edge run`: until SIGTERM or SIGINT. */
import { flushCompileCache } from 'node:module';
import { dieWithParent, giveBackMemory } from '@patronus/system/linux';
import { Edge } from '../edge.ts';
import { EdgeError, exitCodes } from '../errors.ts';
import { readIdentity } from '../identity/identity.ts';
import { openLog } from '../log.ts';
import { makeStateFolder } from '../state/files.ts';
import type { StatePaths } from '../state/paths.ts';
import { isRunning, serveQuestions } from '../status/socket.ts';
import { enrolHere } from './enrol.ts';
import { requireNetworkRight } from './rights.ts';

/** By then an edge has loaded what it needs, and is connected if it can be. */
const startedMs = 15_000;

export interface RunOptions {
  readonly paths: StatePaths;
  readonly token: string | undefined;
  readonly trialMs: number;
  readonly logLevel: string;
  /** Whoever starts it again when it dies; it ends with that process. */
  readonly supervisor: number | undefined;
}

export async function run({ paths, token, trialMs, logLevel, supervisor }: RunOptions): Promise<void> {
  if (supervisor !== undefined && !dieWithParent(supervisor, 'SIGTERM')) return;
  requireNetworkRight();
  const log = openLog(logLevel);
  makeStateFolder(paths.directory);
  if (await isRunning(paths)) {
    throw new EdgeError(
      'ALREADY_RUNNING',
      `an edge runs on ${paths.directory} already; stop it first`,
      exitCodes.usage,
    );
  }
  const identity = readIdentity(paths) ?? (token === undefined ? noIdentity(paths) : await enrolHere(paths, token));
  const edge = await Edge.start({ paths, identity, log, trialMs });
  const socket = await serveQuestions(paths, (question) => edge.answer(question));
  log.info({ edge: identity.edgeName, site: identity.siteName, state: paths.directory }, 'edge runs');
  // Node writes its compile cache when it exits; an edge that is killed never does.
  flushCompileCache();
  setTimeout(giveBackMemory, startedMs).unref();
  const signal = await stopSignal();
  log.info({ signal }, 'edge stops');
  socket.close();
  await edge.stop();
  process.exit(0);
}

function noIdentity({ directory }: StatePaths): never {
  throw new EdgeError(
    'NOT_ENROLLED',
    `${directory} holds no identity yet; add the site in the dashboard and run the command it shows: \`patronus edge run --token pat1.…\``,
    exitCodes.usage,
  );
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
