/** `patronus uplink probe SITE LABEL HOST…`: which hosts tell whether the internet is reached by an uplink. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine } from '../output.ts';

const UPLINK = 'id label interface domain cost port bitsPerSecond publicEndpoints probeTargets';
const findDocument = `query UplinkProbes($name: String!) { siteByName(name: $name) { id name revision uplinks { ${UPLINK} } } }`;
const changeDocument = `mutation UplinkProbesSet($input: UpdateSiteInput!) {
  updateSite(input: $input) { site { uplinks { id label probeTargets } } }
}`;

const shown = z.object({ id: z.string(), label: z.string(), probeTargets: z.array(z.string()) });
const uplinkSchema = shown.extend({
  ...{ interface: z.string(), domain: z.string(), cost: z.number(), port: z.number() },
  ...{ bitsPerSecond: z.number().nullable(), publicEndpoints: z.array(z.string()) },
});
const findSchema = z.object({
  siteByName: z
    .object({ id: z.string(), name: z.string(), revision: z.number(), uplinks: z.array(uplinkSchema) })
    .nullable(),
});
const changeSchema = z.object({ updateSite: z.object({ site: z.object({ uplinks: z.array(shown) }) }) });

export function uplinkProbe(): Command {
  return new Command('probe')
    .argument('<site>')
    .argument('<label>')
    .argument('[host...]', 'addresses that answer to ping; none: the gateway of its network')
    .description('name hosts that tell whether the internet is reached by an uplink, where a policy breaks out')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nIt is up while any of them answers.\n\nExamples:\n  $ patronus uplink probe berlin lte 192.0.2.1 198.51.100.1\n  $ patronus uplink probe berlin lte',
    )
    .action(async (site: string, label: string, hosts: string[], options: { json?: boolean }) => {
      const { siteByName } = await query(findDocument, { name: site }, findSchema);
      if (siteByName === null)
        throw new CliError(
          `there is no site "${site}"; \`patronus site list\` shows them`,
          ExitCode.failed,
          'NOT_FOUND',
        );
      const { id, revision, uplinks } = siteByName;
      const wanted = uplinks.find((one) => one.id === label || one.label.toLowerCase() === label.toLowerCase());
      if (wanted === undefined) {
        const labels = uplinks.map((one) => one.label).join(', ');
        throw new CliError(
          `${siteByName.name} has no uplink "${label}"; it has ${labels}`,
          ExitCode.failed,
          'NOT_FOUND',
        );
      }
      // A site's uplinks are written as a whole; the revision keeps a change by somebody else from being undone.
      const changed = uplinks.map((one) => (one === wanted ? { ...one, probeTargets: hosts } : one));
      const { updateSite } = await query(changeDocument, { input: { id, revision, uplinks: changed } }, changeSchema);
      const now = updateSite.site.uplinks.find((one) => one.id === wanted.id)!;
      if (options.json === true) return printJson(now);
      const asked = now.probeTargets.length === 0 ? 'the gateway of its network' : now.probeTargets.join(' and ');
      printLine(`Whether ${now.label} of ${siteByName.name} reaches the internet, ${asked} tells.`);
    });
}
