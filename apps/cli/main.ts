/**
 * The operator's shell: everything the API can do, as commands. One file a command in commands/.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong words, 3 not signed in or not allowed, 4 controller not reachable.
 */
import { Command, CommanderError } from 'commander';
import { application } from './commands/application.ts';
import { bfd } from './commands/bfd.ts';
import { bgp } from './commands/bgp.ts';
import { decisions } from './commands/decisions.ts';
import { explain } from './commands/explain.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { peer } from './commands/peer.ts';
import { policy } from './commands/policy.ts';
import { programs } from './commands/programs.ts';
import { replay } from './commands/replay.ts';
import { site } from './commands/site.ts';
import { sla } from './commands/sla.ts';
import { status } from './commands/status.ts';
import { steering } from './commands/steering.ts';
import { uplink } from './commands/uplink.ts';
import { whatIf } from './commands/whatIf.ts';
import { CliError, ExitCode } from './errors.ts';

const program = new Command('patronus')
  .description('Patronus joins the sites of an organisation over whatever uplinks each has.')
  .version('0.1.0')
  .enablePositionalOptions()
  .showHelpAfterError('(patronus --help shows the commands)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  $ patronus status                      how the network is, in a glance
  $ patronus site list                   every site with its state
  $ patronus site add paris --prefix 10.4.0.0/24 --uplink internet:eth0 --uplink lte:wwan0
  $ patronus policy add backups --protocol tcp --port 873   traffic that is treated in its own way
  $ patronus explain --from 10.1.0.10 --to 10.2.0.10 --port 443   why a flow goes the way it goes
  $ patronus lab up                      a whole network on this machine, to play with
  $ patronus login https://sdwan.example.net:8443

Commands talk to the controller on this machine through its local socket; after \`patronus login\`, to that one.
--json prints one JSON value for programs.`,
  );

const people = [login, logout];
const paths = [policy, sla, application, explain, decisions, bfd, whatIf, steering, replay];
for (const command of [status, site, uplink, peer, ...paths, bgp, ...people]) program.addCommand(command());
for (const command of programs()) program.addCommand(command);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage;
  if (error instanceof CliError) {
    process.stderr.write(`patronus: ${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`patronus: ${error instanceof Error ? error.message : String(error)}\n`);
  return ExitCode.failed;
}
