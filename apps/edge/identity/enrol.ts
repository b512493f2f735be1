/** How a gateway becomes an edge: once, with a token that a person pasted. */
import { hostname } from 'node:os';
import {
  type EnrolmentRequest,
  enrolmentAnswerSchema,
  errorAnswerSchema,
  parseEnrolmentToken,
} from '@patronus/protocol';
import { EdgeError, exitCodes, messageOf } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import { softwareVersion } from '../version.ts';
import { type Identity, readIdentity, writeIdentity } from './identity.ts';
import { type PinnedAnswer, postPinned } from './post.ts';

const refused = (code: string, message: string) => new EdgeError(code, message, exitCodes.refused);

/** What the controller's refusals mean to the person at the shell. */
const refusals: Readonly<Record<number, () => EdgeError>> = {
  401: () =>
    refused('TOKEN_EXPIRED', 'the controller does not know this token, or it expired; make a new one for the site'),
  409: () =>
    refused('TOKEN_USED', 'this token was used already: each token enrols one gateway; make a new one for the site'),
  422: () =>
    refused('REQUEST_REFUSED', 'the controller refused the certificate request; check that both run the same release'),
  429: () => refused('TOO_MANY_ATTEMPTS', 'the controller asks to slow down; try again in a minute'),
};

/**
 * Enrols with `token` and stores the identity. `localAddresses` are tried in turn (null: the main routes). Throws an
 * EdgeError; then nothing was stored.
 */
export async function enrol(
  paths: StatePaths,
  token: string,
  localAddresses: readonly (string | null)[] = [null],
): Promise<Identity> {
  const known = readIdentity(paths);
  if (known !== undefined) {
    throw new EdgeError(
      'ALREADY_ENROLLED',
      `${paths.directory} holds the identity of ${known.edgeName} already; run \`patronus edge uninstall --wipe\` to enrol anew`,
      exitCodes.usage,
    );
  }
  const parsed = parseEnrolmentToken(token);
  if (parsed === undefined) {
    throw new EdgeError(
      'BAD_TOKEN',
      'this is not an enrolment token; copy the whole line that begins with pat1.',
      exitCodes.usage,
    );
  }
  // Loaded when it is needed only: it is a quarter of the edge's start.
  const { makeCertificateRequest, makePrivateKey } = await import('./request.ts');
  const privateKey = await makePrivateKey();
  const request: EnrolmentRequest = {
    secret: parsed.s,
    certificateRequest: await makeCertificateRequest(privateKey),
    softwareVersion,
    hostname: hostname(),
  };
  const ways = localAddresses.flatMap((address) => parsed.u.map((url) => ({ address, url })));
  const answer = await firstAnswer(ways, ({ url, address }) =>
    postPinned(`${url}/api/v1/enrolments`, parsed.p, request, address),
  );
  const identity = accept(answer, privateKey, parsed);
  writeIdentity(paths, identity);
  return identity;
}

function accept(answer: PinnedAnswer, privateKey: string, token: { u: string[]; p: string[] }): Identity {
  if (answer.status !== 201) {
    const known = refusals[answer.status];
    if (known !== undefined) throw known();
    const said = errorAnswerSchema.safeParse(answer.body);
    const words = said.success ? `: ${said.data.message}` : '';
    throw refused('ENROLMENT_FAILED', `the controller answered ${answer.status}${words}; see its log`);
  }
  const parsed = enrolmentAnswerSchema.safeParse(answer.body);
  if (!parsed.success)
    throw refused('BAD_ANSWER', "the controller's answer is not understood; check that both run the same release");
  return { ...parsed.data, privateKey, enrolment: { urls: token.u, pins: token.p } };
}

/** The first answer that any way gives. A refused pin ends the search at once: someone else answers there. */
export async function firstAnswer<Way extends { url: string; address: string | null }>(
  ways: readonly Way[],
  post: (way: Way) => Promise<PinnedAnswer>,
): Promise<PinnedAnswer> {
  const failures: string[] = [];
  for (const way of ways) {
    try {
      return await post(way);
    } catch (error) {
      if (error instanceof EdgeError) throw error;
      failures.push(`${way.url}${way.address === null ? '' : ` from ${way.address}`}: ${messageOf(error)}`);
    }
  }
  throw new EdgeError(
    'CONTROLLER_UNREACHABLE',
    `the controller cannot be reached (${failures.join('; ')}); check the address, the uplinks, and that TCP 8443 is open`,
    exitCodes.unreachable,
  );
}
