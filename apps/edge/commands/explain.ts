/** `patronus edge explain`: why a flow takes its path, from this edge alone. */
import type { Explanation } from '@patronus/steering';
import { EdgeError, exitCodes } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import { ask } from '../status/socket.ts';
import { formatTable } from './table.ts';

export interface ExplainOptions {
  readonly from: string;
  readonly to: string;
  readonly port?: string;
  readonly protocol?: string;
  readonly json?: boolean;
}

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };

export async function showExplanation(paths: StatePaths, options: ExplainOptions): Promise<void> {
  const { from, to, json } = options;
  const port = options.port === undefined ? undefined : within(options.port, 0xffff, '--port');
  const protocol =
    options.protocol === undefined
      ? undefined
      : (protocols[options.protocol.toLowerCase()] ?? within(options.protocol, 255, '--protocol'));
  const text = await ask(paths, {
    ask: 'explain',
    from,
    to,
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
  });
  console.log(json === true ? text : formatExplanation(JSON.parse(text)));
}

export function formatExplanation({ sentence, rows }: Explanation): string {
  if (rows.length === 0) return sentence;
  const headers = ['', 'Path', 'State', 'Round trip', 'Loss', 'Jitter', 'MOS', 'Cost', 'SLA', 'Why'];
  const cells = rows.map((row) => [
    row.isUsed ? '*' : '',
    ...[row.path, row.state, row.roundTrip, row.loss, row.jitter, row.opinion, row.cost, row.sla, row.why],
  ]);
  return [sentence, '', ...formatTable(headers, cells)].join('\n');
}

function within(text: string, most: number, option: string): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < 0 || value > most) {
    throw new EdgeError('BAD_OPTION', `${option} ${text}: give a number up to ${most}`, exitCodes.usage);
  }
  return value;
}
