/** POST /api/v2/graphql. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import type { Core } from '../core.ts';
import type { GraphContext } from '../graphql/builder.ts';
import { type Answer, answerOf, answerOfRefusal } from '../graphql/errors.ts';
import { authorise, prepare } from '../graphql/execute.ts';
import { refusalOf, ServiceError } from '../services/error.ts';
import type { Caller } from '../services/verb.ts';
import { sessionCookie } from './cookie.ts';

export const bodySchema = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z.unknown().optional(),
});

export const GRAPHQL_PATH = '/api/v2/graphql';

export function serveGraphql(
  app: FastifyInstance,
  core: Core,
  callerOf: (request: FastifyRequest) => Promise<Caller>,
): void {
  app.post(GRAPHQL_PATH, async (request, reply) => {
    const caller = await callerOf(request);
    const context: GraphContext = {
      core,
      caller,
      setSession: (session) => void reply.header('set-cookie', sessionCookie(session, core.now())),
    };
    const result = await answer(core, context, request.body);
    for (const { extensions } of result.body.errors ?? []) core.refusals.count(extensions.code);
    return send(reply, result);
  });
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'],
    url: GRAPHQL_PATH,
    handler: (_request, reply) =>
      send(
        reply.header('allow', 'POST'),
        answerOfRefusal(new ServiceError('METHOD_NOT_ALLOWED', 'use POST', { status: 405 })),
      ),
  });
}

async function answer(core: Core, context: GraphContext, raw: unknown): Promise<Answer> {
  try {
    const body = bodySchema.safeParse(raw);
    if (!body.success)
      throw new ServiceError('INVALID_QUERY', 'send one JSON object with `query` and, if need be, `variables`');
    const { query, operationName, variables } = body.data;
    const prepared = prepare(query, operationName ?? undefined);
    if (!('run' in prepared)) return answerOf({ errors: prepared }, core.log);
    if (prepared.kind === 'subscription')
      throw new ServiceError('INVALID_QUERY', 'subscriptions are served on /api/v2/graphql/ws');
    authorise(prepared, context);
    return answerOf(await prepared.run(context, variables ?? undefined), core.log);
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal !== undefined) return answerOfRefusal(refusal);
    return answerOf({ errors: [new GraphQLError('failed', { originalError: cause as Error })] }, core.log);
  }
}

function send(reply: FastifyReply, { status, body, retryAfterSeconds }: Answer): FastifyReply {
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  return reply.code(status).header('cache-control', 'no-store').send(body);
}
