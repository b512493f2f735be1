/** `patronus bfd timers`: how the failure of a tunnel is noticed, at every gateway; shows it, and changes what is given. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { milliseconds, printJson, printLine } from '../output.ts';

const SELECTION = '{ intervalMs realtimeIntervalMs idleIntervalMs multiplier suspectsSilence }';
const timersSchema = z.object({
  ...{ intervalMs: z.number(), realtimeIntervalMs: z.number(), idleIntervalMs: z.number() },
  ...{ multiplier: z.number(), suspectsSilence: z.boolean() },
});
type Timers = z.infer<typeof timersSchema>;

interface TimerOptions {
  readonly interval?: string;
  readonly realtimeInterval?: string;
  readonly idleInterval?: string;
  readonly multiplier?: string;
  readonly silence?: string;
  readonly json?: boolean;
}

export function bfdTimers(): Command {
  return new Command('timers')
    .description('show how often tunnels are asked whether they work, or change it; `default` is as it comes')
    .option('--interval <ms>', 'between two packets of a session')
    .option('--realtime-interval <ms>', '… where a policy of priority realtime may have to be carried')
    .option('--idle-interval <ms>', '… on tunnels that carried nothing for a while')
    .option('--multiplier <count>', 'down after so many intervals without an answer')
    .option('--silence <on|off>', 'leave a tunnel that falls silent while it was talking before BFD knows')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus bfd timers\n  $ patronus bfd timers --interval 200 --multiplier 4\n  $ patronus bfd timers --silence off',
    )
    .action(async (options: TimerOptions) => {
      const input = changeOf(options);
      const timers = Object.keys(input).length === 0 ? await present() : await changed(input);
      if (options.json === true) printJson(timers);
      else print(timers);
    });
}

async function present(): Promise<Timers> {
  const schema = z.object({ bfdTimers: timersSchema });
  return (await query(`query BfdTimers { bfdTimers ${SELECTION} }`, {}, schema)).bfdTimers;
}

async function changed(input: Readonly<Record<string, number | boolean | null>>): Promise<Timers> {
  const document = `mutation BfdTimersSet($input: UpdateBfdInput!) { updateBfd(input: $input) { bfd ${SELECTION} } }`;
  const schema = z.object({ updateBfd: z.object({ bfd: timersSchema }) });
  return (await query(document, { input }, schema)).updateBfd.bfd;
}

/** What is given, as the API takes it. Throws a CliError that says what an option takes. */
export function changeOf(options: TimerOptions): Record<string, number | boolean | null> {
  const { interval, realtimeInterval, idleInterval, multiplier, silence } = options;
  const numbers = {
    ...{ intervalMs: interval, realtimeIntervalMs: realtimeInterval, idleIntervalMs: idleInterval, multiplier },
  };
  const change: Record<string, number | boolean | null> = {};
  for (const [name, text] of Object.entries(numbers)) {
    if (text === undefined) continue;
    if (text !== 'default' && !/^\d{1,6}$/.test(text))
      throw new CliError(`${name} ${text}: give a whole number, or default`, ExitCode.usage, 'USAGE');
    change[name] = text === 'default' ? null : Number(text);
  }
  if (silence === undefined) return change;
  if (!['on', 'off', 'default'].includes(silence))
    throw new CliError(`--silence ${silence}: give on, off or default`, ExitCode.usage, 'USAGE');
  return { ...change, suspectsSilence: silence === 'default' ? null : silence === 'on' };
}

function print({ intervalMs, realtimeIntervalMs, idleIntervalMs, multiplier, suspectsSilence }: Timers): void {
  printLine(`Asked every     ${milliseconds(intervalMs)}`);
  printLine(`  realtime      ${milliseconds(realtimeIntervalMs)}`);
  printLine(`  idle          ${milliseconds(idleIntervalMs)}`);
  printLine(`Down after      ${multiplier} intervals without an answer`);
  printLine(
    `Silence         ${suspectsSilence ? 'a tunnel that falls silent while it was talking is left at once' : 'is left to BFD'}`,
  );
}
