/** `patronus bgp clear`, `shutdown`, `enable`, and how all of them ask the speaker on this machine. */
import { DEFAULT_CONTROL_SOCKET } from '@patronus/router';
import { ask, ControlError, type ControlRequest } from '@patronus/router/host';
import { Command, Option } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { printLine } from '../output.ts';

export interface BgpOptions {
  readonly socket: string;
  readonly json?: boolean;
}

export function bgpSocketOption(): Option {
  return new Option('--socket <path>', "the speaker's control socket").default(DEFAULT_CONTROL_SOCKET);
}

/** What the speaker answers, one by one. */
export async function* eachAnswer({ socket }: BgpOptions, request: ControlRequest): AsyncGenerator<unknown> {
  try {
    yield* ask(socket, request);
  } catch (error) {
    if (error instanceof ControlError) throw new CliError(error.message, ExitCode.failed, 'REFUSED');
    const reason = `no speaker answers at ${socket} (${(error as Error).message}); start one with \`patronus bgp run\``;
    throw new CliError(reason, ExitCode.unreachable, 'NO_SPEAKER');
  }
}

export async function answersOf(options: BgpOptions, request: ControlRequest): Promise<unknown[]> {
  const answers: unknown[] = [];
  for await (const answer of eachAnswer(options, request)) answers.push(answer);
  return answers;
}

export function bgpClear(): Command {
  return new Command('clear')
    .description('reset a session, or only ask for its routes again')
    .argument('<neighbor>', 'name or address')
    .addOption(
      new Option('--soft <direction>', 'in: ask for its routes again; out: tell ours again; no reset').choices([
        'in',
        'out',
      ]),
    )
    .option('--reason <text>', 'told to the neighbor (RFC 9003)')
    .addOption(bgpSocketOption())
    .action(async (neighbour: string, options: BgpOptions & { soft?: string; reason?: string }) => {
      const { soft, reason } = options;
      await answersOf(options, {
        ...{ command: 'clear', neighbour },
        ...(soft === undefined ? {} : { soft }),
        ...(reason === undefined ? {} : { reason }),
      });
      printLine(soft === undefined ? `${neighbour}: reset` : `${neighbour}: routes are told again`);
    });
}

export function bgpShutdown(): Command {
  return new Command('shutdown')
    .description('end a session until `patronus bgp enable`')
    .argument('<neighbor>', 'name or address')
    .option('--reason <text>', 'told to the neighbor (RFC 9003)')
    .addOption(bgpSocketOption())
    .action(async (neighbour: string, options: BgpOptions & { reason?: string }) => {
      const { reason } = options;
      await answersOf(options, { command: 'shutdown', neighbour, ...(reason === undefined ? {} : { reason }) });
      printLine(`${neighbour}: shut down`);
    });
}

export function bgpEnable(): Command {
  return new Command('enable')
    .description('start a session that was shut down')
    .argument('<neighbor>', 'name or address')
    .addOption(bgpSocketOption())
    .action(async (neighbour: string, options: BgpOptions) => {
      await answersOf(options, { command: 'enable', neighbour });
      printLine(`${neighbour}: enabled`);
    });
}
