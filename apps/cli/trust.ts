/** Whether the certificate that a controller shows may be trusted, decided once, at sign-in. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { remoteOptions } from './controller.ts';
import { CliError, ExitCode } from './errors.ts';

export interface TrustOptions {
  readonly ca?: string;
  readonly fingerprint?: string;
}

/**
 * What to trust besides the system's authorities: null when they suffice, else the PEM of the authority from the
 * file, or of the topmost certificate shown, once its fingerprint was given or a person agreed to it.
 */
export async function trustedAuthority(url: string, options: TrustOptions): Promise<string | null> {
  if (options.ca !== undefined) return readFileSync(options.ca, 'utf8');
  const { authorized, root } = await look(url);
  if (authorized) return null;
  if (root === undefined) throw new CliError(`${url} shows no certificate`, ExitCode.unreachable);
  const shown = root.fingerprint256;
  if (options.fingerprint !== undefined) {
    if (normalised(options.fingerprint) !== normalised(shown)) {
      throw new CliError(
        `the certificate of ${url} has the fingerprint ${shown}, not the one given; somebody may be in between`,
        ExitCode.notAllowed,
      );
    }
  } else await askToTrust(url, shown);
  return `-----BEGIN CERTIFICATE-----\n${root.raw.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}

function normalised(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

async function askToTrust(url: string, fingerprint: string): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new CliError(
      `${url} has a certificate of its own; give --fingerprint ${fingerprint} to trust it`,
      ExitCode.notAllowed,
    );
  }
  process.stderr.write(`${url} has a certificate of its own, with the SHA-256 fingerprint\n  ${fingerprint}\n`);
  process.stderr.write('The controller prints the same when it starts.\n');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Trust it? (yes/no) ');
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new CliError('not trusted, not signed in', ExitCode.notAllowed);
}

/** One handshake that sends nothing, to see which chain is shown. */
function look(url: string): Promise<{ authorized: boolean; root: DetailedPeerCertificate | undefined }> {
  const { host, port } = remoteOptions(url, null);
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { host: host as string, port: Number(port), servername: host as string, rejectUnauthorized: false },
      () => {
        let root: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
        while (root.issuerCertificate !== undefined && root.issuerCertificate !== root) root = root.issuerCertificate;
        resolve({ authorized: socket.authorized, root: root.raw === undefined ? undefined : root });
        socket.destroy();
      },
    );
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within 10 s')));
    socket.once('error', (error) =>
      reject(new CliError(`the controller at ${url} does not answer: ${error.message}`, ExitCode.unreachable)),
    );
  });
}
