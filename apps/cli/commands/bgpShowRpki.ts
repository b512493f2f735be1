/** `patronus bgp show rpki`: where the speaker's validated prefixes come from. */
import type { RpkiReport } from '@patronus/router/host';
import { Command } from 'commander';
import { printJson, printLine, printTable } from '../output.ts';
import { answersOf, type BgpOptions, bgpSocketOption } from './bgpControl.ts';
import { duration } from './bgpTimes.ts';

export function bgpShowRpki(): Command {
  return new Command('rpki')
    .description('RPKI caches: how they are, and how old what they said is')
    .option('--json', 'one JSON value for programs')
    .addOption(bgpSocketOption())
    .action(async (options: BgpOptions) => {
      const [report] = (await answersOf(options, { command: 'rpki' })) as RpkiReport[];
      if (options.json === true) {
        printJson(report);
        return;
      }
      const { caches, payloads } = report!;
      printTable(
        caches,
        [
          { header: 'Cache', cell: ({ address }) => address },
          { header: 'Port', cell: ({ port }) => String(port), align: 'right' },
          { header: 'State', cell: ({ state }) => state },
          { header: 'Serial', cell: ({ serial }) => (serial === null ? '–' : String(serial)), align: 'right' },
          { header: 'Complete since', cell: ({ ageMs }) => (ageMs === null ? '–' : duration(ageMs)), align: 'right' },
          { header: 'Last error', cell: ({ lastError }) => lastError ?? '' },
        ],
        'No RPKI caches are configured.',
      );
      if (caches.length > 0) printLine(`${payloads} validated prefixes`);
    });
}
