/** `patronus edge record`: what steering heard and decided lately, for `patronus replay`. */
import { EdgeError, exitCodes } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import { ask } from '../status/socket.ts';

export async function showRecording(paths: StatePaths, since: string | undefined): Promise<void> {
  const latestMs = since === undefined ? undefined : duration(since);
  const text = await ask(paths, { ask: 'record', ...(latestMs === undefined ? {} : { latestMs }) });
  process.stdout.write(`${text}\n`);
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function duration(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (count === undefined)
    throw new EdgeError('BAD_OPTION', `--since ${text}: give it as 90s, 10m or 2h`, exitCodes.usage);
  return Number(count) * units[unit!]!;
}
