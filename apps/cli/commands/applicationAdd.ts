/** `patronus application add NAME`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';

const document = `mutation ApplicationAdd($input: AddApplicationInput!) {
  addApplication(input: $input) { application { id name ports prefixes names } }
}`;
const strings = z.array(z.string());
const schema = z.object({
  addApplication: z.object({
    application: z.object({ id: z.string(), name: z.string(), ports: strings, prefixes: strings, names: strings }),
  }),
});

interface AddOptions {
  readonly port: readonly string[];
  readonly prefix: readonly string[];
  readonly domain: readonly string[];
  readonly json?: boolean;
}

const collect = (value: string, earlier: string[]) => [...earlier, value];

export function applicationAdd(): Command {
  return new Command('add')
    .argument('<name>')
    .description('add an application, known by any of what is given')
    .option('--port <port>', 'tcp/443 or udp/8000-8099; may be given several times', collect, [])
    .option('--prefix <prefix>', 'addresses of its servers; may be given several times', collect, [])
    .option('--domain <name>', 'domain name, with all below it; may be given several times', collect, [])
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus application add till --port tcp/7000-7009\n  $ patronus application add wiki --domain wiki.example.org',
    )
    .action(async (name: string, { port, prefix, domain, json }: AddOptions) => {
      const input = { name, ports: port, prefixes: prefix, names: domain };
      const { application } = (await query(document, { input }, schema)).addApplication;
      if (json === true) return printJson(application);
      const { ports, prefixes, names } = application;
      printLine(`Application ${application.name} added, known by ${[...names, ...ports, ...prefixes].join(', ')}.`);
    });
}
