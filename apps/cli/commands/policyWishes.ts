/** What `patronus policy add` and `set` can ask for besides compression, from words to the API's input. */
import { type Command, Option } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { idOf } from './findByName.ts';

export interface WishOptions {
  readonly action?: string;
  readonly breakoutUplink?: readonly string[];
  readonly sla?: string;
  readonly path?: string;
  readonly priority?: string;
  readonly limit?: string;
  readonly mark?: string;
}

/** Takes a wish back. */
const NONE = 'none';

export const WISHES = `
Paths: each flow keeps to the paths that meet its SLA class (\`patronus sla list\`), and --path says which of them:
  best              the best by the measures of the SLA class
  cheapest          the lowest cost (what a policy without a wish has)
  ordered:mpls,lte  the first of these uplink labels; others come last
  balance:internet=3,lte=1   flows spread over labels by weight, each flow on one path
  duplicate         every packet over the two best, the first to arrive counts
  fec               over the best, with parity packets as its measured loss asks for
While none meets the class, the path that misses it least is taken, and never one that is down.`;

export function addWishOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--action <action>', 'let through, drop, or send out to the internet at the own site').choices([
        'allow',
        'deny',
        'breakout',
      ]),
    )
    .option(
      '--breakout-uplink <label>',
      'with --action breakout: by this uplink; may be given several times, in order; `any`: all, the cheapest first',
      (value: string, earlier: string[] = []) => [...earlier, value],
    )
    .option('--sla <class>', 'the SLA class that its paths have to meet; `none` for no bounds')
    .option('--path <preference>', 'which of these paths (see below)')
    .addOption(
      new Option('--priority <priority>', 'which goes first on an uplink that is full').choices([
        'realtime',
        'high',
        'normal',
        'bulk',
      ]),
    )
    .option('--limit <percent>', "most it may take of an uplink's rate, 1 to 100; `none`: all that is free")
    .option('--mark <dscp>', 'code point that its packets get, 0 to 63; `none`: theirs stays');
}

/** Only what was given. */
export async function wishesOf(options: WishOptions): Promise<Record<string, unknown>> {
  const { action, breakoutUplink: labels, sla, path, priority, limit, mark } = options;
  return {
    ...(action === undefined ? {} : { action: action.toUpperCase() }),
    ...(labels === undefined ? {} : { breakoutLabels: labels.includes('any') ? [] : labels }),
    ...(sla === undefined ? {} : { slaClassId: sla === NONE ? null : await idOf('sla', sla) }),
    ...(path === undefined ? {} : { path: pathOf(path) }),
    ...(priority === undefined ? {} : { priority: priority.toUpperCase() }),
    ...(limit === undefined ? {} : { limitPercent: numberOrNone(limit, '--limit') }),
    ...(mark === undefined ? {} : { mark: numberOrNone(mark, '--mark') }),
  };
}

const SIMPLE = ['best', 'cheapest', 'duplicate', 'fec'];

/** `ordered:mpls,lte` as the API takes it. */
export function pathOf(text: string): object {
  const [mode, rest] = [text.split(':')[0]!, text.includes(':') ? text.slice(text.indexOf(':') + 1) : ''];
  const parts = rest.split(',').map((part) => part.trim());
  if (SIMPLE.includes(text)) return { mode: text.toUpperCase() };
  if (mode === 'ordered' && rest !== '') return { mode: 'ORDERED', labels: parts };
  if (mode === 'balance' && rest !== '') return { mode: 'BALANCE', weights: parts.map(weightOf) };
  throw new CliError(
    `--path ${text}: give ${SIMPLE.join(', ')}, ordered:LABEL,LABEL or balance:LABEL=WEIGHT,LABEL=WEIGHT`,
    ExitCode.usage,
    'USAGE',
  );
}

function weightOf(part: string): { label: string; weight: number } {
  const at = part.lastIndexOf('=');
  const label = at < 0 ? part : part.slice(0, at);
  return { label, weight: at < 0 ? 1 : wholeNumber(part.slice(at + 1), `--path … ${part}`) };
}

function numberOrNone(text: string, option: string): number | null {
  return text === NONE ? null : wholeNumber(text, option);
}

export function wholeNumber(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CliError(`${option} ${text}: give a whole number`, ExitCode.usage, 'USAGE');
}

export interface ShownPath {
  readonly mode: string;
  readonly labels: readonly string[];
  readonly weights: readonly { readonly label: string; readonly weight: number }[];
}

/** As `--path` takes it. */
export function pathWords({ mode, labels, weights }: ShownPath): string {
  const parts = mode === 'ORDERED' ? labels : weights.map(({ label, weight }) => `${label}=${weight}`);
  return [mode.toLowerCase(), parts.join(',')].filter((part) => part !== '').join(':');
}
