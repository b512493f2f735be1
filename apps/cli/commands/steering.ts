/** `patronus steering show | set`: the figures that every gateway chooses its paths by. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { figureOf, figures, figureWords } from './steeringFigures.ts';
import { fileAt } from './whatIf.ts';

const SELECTION = `{ ${figures.map(({ name }) => name).join(' ')} ownFigures }`;
const steeringSchema = z.looseObject({ ownFigures: z.array(z.string()) });
type Steering = z.infer<typeof steeringSchema>;

export function steering(): Command {
  return new Command('steering')
    .description('show and change the figures that every gateway chooses its paths by')
    .addCommand(steeringShow())
    .addCommand(steeringSet())
    .addHelpText('after', '\n`patronus whatif` tells what other figures would have done, before you set them.');
}

function steeringShow(): Command {
  return new Command('show')
    .description('show each figure, and whether somebody set it')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus steering show')
    .action(async ({ json }: { json?: boolean }) => {
      const schema = z.object({ steering: steeringSchema });
      const { steering: present } = await query(`query Steering { steering ${SELECTION} }`, {}, schema);
      if (json === true) return printJson(present);
      print(present);
    });
}

function print(present: Steering): void {
  printTable(
    figures,
    [
      { header: 'Figure', cell: ({ option }) => option },
      { header: 'Value', cell: (figure) => figureWords(figure, Number(present[figure.name])), align: 'right' },
      { header: 'Set', cell: ({ name }) => (present.ownFigures.includes(name) ? 'by you' : 'as it comes') },
      { header: 'What it is', cell: ({ words }) => words },
    ],
    '',
  );
}

function steeringSet(): Command {
  const command = new Command('set').description('change what is given, at every gateway; `default` is as it comes');
  const placeholder = { time: 'time', part: 'percent', number: 'number' };
  for (const { option, kind, words } of figures) command.option(`--${option} <${placeholder[kind]}>`, words);
  return command
    .option('--file <file>', 'the thresholds of a file that `patronus whatif --policy` was asked with')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      `
Times are 250ms, 30s, 5m or 1h. Gateways take the change over within a second; nothing that flows is cut.

Examples:
  $ patronus steering set --hold 5m --least-gain 30ms
  $ patronus steering set --hold default               back to what Patronus comes with
  $ patronus whatif --policy calmer.json --since 7d    what would it have done?
  $ patronus steering set --file calmer.json           do it`,
    )
    .action(async (options: Readonly<Record<string, string | true | undefined>>) => {
      const input = { ...fromFile(options.file), ...typed(options) };
      if (Object.keys(input).length === 0)
        throw new CliError('say what to change; --help shows what there is', ExitCode.usage, 'USAGE');
      const { updateSteering } = await query(
        `mutation SteeringSet($input: UpdateSteeringInput!) { updateSteering(input: $input) { steering ${SELECTION} } }`,
        { input },
        z.object({ updateSteering: z.object({ steering: steeringSchema }) }),
      );
      if (options.json === true) return printJson(updateSteering.steering);
      printLine('The figures of path choice are changed:');
      print(updateSteering.steering);
    });
}

function typed(options: Readonly<Record<string, unknown>>): Record<string, number | null> {
  return Object.fromEntries(
    figures.flatMap((figure) => {
      const given = options[figure.option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
      return typeof given === 'string' ? [[figure.name, figureOf(figure, given)]] : [];
    }),
  );
}

function fromFile(path: string | true | undefined): Readonly<Record<string, number>> {
  if (typeof path !== 'string') return {};
  const { thresholds, slaClasses = {}, policies = {} } = fileAt('--file', path);
  const others = [
    ...Object.keys(slaClasses).map((name) => `patronus sla set ${name}`),
    ...Object.keys(policies).map((name) => `patronus policy set ${name}`),
  ];
  if (others.length > 0)
    process.stderr.write(`patronus: only the thresholds are set; the rest of the file is for ${others.join(', ')}\n`);
  return thresholds ?? {};
}
