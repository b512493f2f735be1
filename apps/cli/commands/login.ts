/** `patronus login URL`: signs in and keeps the session for later commands. */

import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { z } from 'zod';
import { exchange, remoteOptions } from '../controller.ts';
import { writeCredentials } from '../credentials.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printLine } from '../output.ts';
import { trustedAuthority } from '../trust.ts';

const document = 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { user { name email } expiresAt } }';
const schema = z.object({
  data: z
    .object({
      signIn: z.object({ user: z.object({ name: z.string(), email: z.string() }), expiresAt: z.string() }).nullable(),
    })
    .nullish(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

interface Options {
  readonly email?: string;
  readonly ca?: string;
  readonly fingerprint?: string;
}

export function login(): Command {
  return new Command('login')
    .argument('[url]', 'the controller', 'https://localhost:8443')
    .description('sign in to a controller; the password is asked for, or read from PATRONUS_PASSWORD')
    .option('--email <address>', 'who you are')
    .option('--ca <file>', "trust this certificate authority (PEM) for the controller's certificate")
    .option('--fingerprint <sha256>', 'trust the certificate with this SHA-256 fingerprint without asking')
    .addHelpText(
      'after',
      `
Examples:
  $ patronus login
  $ patronus login https://sdwan.example.net:8443 --email ada@example.net
  $ PATRONUS_PASSWORD=… patronus login --email ada@example.net --fingerprint 4F:9A:…`,
    )
    .action(async (url: string, options: Options) => {
      if (!/^https:\/\/[^/]+\/?$/.test(url))
        throw new CliError(`${url} is no controller address; write https://HOST:8443`, ExitCode.usage);
      const base = url.replace(/\/$/, '');
      const certificateAuthority = await trustedAuthority(base, options);
      const email = options.email ?? (await ask('E-mail: '));
      const password = process.env.PATRONUS_PASSWORD ?? (await ask('Password: ', true));
      const session = await signIn(base, certificateAuthority, email, password);
      writeCredentials({ url: base, email, certificateAuthority, ...session });
      printLine(`Signed in to ${base} as ${email} until ${session.expiresAt}.`);
    });
}

async function signIn(url: string, certificateAuthority: string | null, email: string, password: string) {
  const body = JSON.stringify({ query: document, variables: { input: { email, password } } });
  const headers = { 'content-type': 'application/json', 'x-patronus-csrf': '1' };
  const options = { ...remoteOptions(url, certificateAuthority), path: '/api/v2/graphql', method: 'POST', headers };
  const answer = await exchange(httpsRequest, options, body, url);
  const parsed = schema.safeParse(JSON.parse(answer.body));
  const signedIn = parsed.data?.data?.signIn;
  const cookie = answer.headers['set-cookie']?.map((line) => /^__Host-patronus=([^;]+)/.exec(line)?.[1]).find(Boolean);
  if (!signedIn || cookie === undefined) {
    throw new CliError(
      parsed.data?.errors?.[0]?.message ?? `the controller answered ${answer.status}`,
      ExitCode.notAllowed,
    );
  }
  return { session: cookie, expiresAt: signedIn.expiresAt };
}

/** Asks on the terminal; a secret is not echoed. */
async function ask(question: string, secret = false): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new CliError('no terminal to ask on: give --email, and the password in PATRONUS_PASSWORD', ExitCode.usage);
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(question);
  const terminal = createInterface({ input: process.stdin, output: secret ? silent : process.stderr, terminal: true });
  const answer = await terminal.question('');
  terminal.close();
  if (secret) process.stderr.write('\n');
  return answer;
}
