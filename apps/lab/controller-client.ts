/** GraphQL requests to a controller over its local admin socket, where the file's permission is the sign-in. */
import { request as httpRequest } from 'node:http';
import { z } from 'zod';
import { socketAddress } from './control.ts';
import { LabError } from './errors.ts';

const timeoutMs = 15_000;

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.object({ code: z.string().optional() }).optional() }))
    .optional(),
});

export interface ControllerClient {
  readonly socket: string;
  /** Runs a document and gives its checked data. A refusal is a LabError with the controller's own words. */
  request<Data>(document: string, variables: Record<string, unknown>, schema: z.ZodType<Data>): Promise<Data>;
}

export function controllerClient(socket: string): ControllerClient {
  return {
    socket,
    async request(document, variables, schema) {
      const text = await post(socket, JSON.stringify({ query: document, variables }));
      const answer = answerSchema.safeParse(parsed(text));
      if (!answer.success) {
        throw new LabError(
          'lab.controller_odd',
          `the controller at ${socket} answered with something that is no GraphQL`,
        );
      }
      const error = answer.data.errors?.[0];
      if (error !== undefined) {
        const code = error.extensions?.code ?? 'FAILED';
        throw new LabError('lab.controller_refused', `the controller refused (${code}): ${error.message}`);
      }
      const data = schema.safeParse(answer.data.data);
      if (data.success) return data.data;
      throw new LabError('lab.controller_odd', `the controller at ${socket} speaks another version of the API`);
    },
  };
}

/** True when a controller answers there. */
export async function answers(socket: string): Promise<boolean> {
  const setup = z.object({ setup: z.object({ needed: z.boolean() }) });
  return controllerClient(socket)
    .request('{ setup { needed } }', {}, setup)
    .then(
      () => true,
      () => false,
    );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function post(socket: string, body: string): Promise<string> {
  const unreachable = (why: string) =>
    new LabError('lab.no_controller', `the controller's socket ${socket} does not answer: ${why}`);
  return new Promise((resolve, reject) => {
    let address: ReturnType<typeof socketAddress>;
    try {
      address = socketAddress(socket);
    } catch (error) {
      return reject(unreachable((error as Error).message));
    }
    const request = httpRequest(
      {
        socketPath: address.path,
        path: '/api/v2/graphql',
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        timeout: timeoutMs,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => resolve(text));
      },
    );
    request.once('close', () => address.done());
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.once('error', (error) => reject(unreachable(error.message)));
    request.end(body);
  });
}
