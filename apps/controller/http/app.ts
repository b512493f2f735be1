/** The HTTP application, served twice: over HTTPS for people and gateways, and on the admin socket for this machine. */
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import type { FastifyError, FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { Core } from '../core.ts';
import { refusalOf, ServiceError } from '../services/error.ts';
import { serveDashboard } from './dashboard.ts';
import { serveGraphql } from './graphql.ts';
import { callerOf, guard, type KnownHosts, localCaller } from './guard.ts';
import { type Probe, serveHealth } from './health.ts';
import { serveMetrics } from './metrics.ts';
import { serveRest } from './rest.ts';

export interface AppParts {
  readonly core: Core;
  readonly hosts: KnownHosts;
  readonly metrics: Registry;
  readonly probes: Readonly<Record<string, Probe>>;
  readonly dashboardFolder: string;
  /** The user's own certificate is in use: browsers may be told to insist on TLS for this name. */
  readonly insistsOnTls: boolean;
}

export const BODY_LIMIT = 1024 * 1024;

export async function furnish(app: FastifyInstance, parts: AppParts, isLocal: boolean): Promise<void> {
  const { core, metrics } = parts;
  // JSON and nothing else: a form or text/plain could come from any page without asking the browser's leave.
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const refusal = refusalOf(error) ?? frameworkRefusal(error);
    if (refusal === undefined) {
      const requestId = randomUUID();
      core.log.error({ err: error, requestId }, 'a request failed');
      return reply.code(500).send({
        code: 'INTERNAL',
        message: `something went wrong here; the controller's log knows it as ${requestId}`,
        requestId,
      });
    }
    core.refusals.count(refusal.code);
    if (refusal.retryAfterSeconds !== undefined) void reply.header('retry-after', String(refusal.retryAfterSeconds));
    const fields = refusal.fields === undefined ? {} : { fields: refusal.fields };
    const extensions = { code: refusal.code, ...fields };
    // The same refusal in both dialects: REST reads code and message, GraphQL clients read errors.
    const body = {
      code: refusal.code,
      message: refusal.message,
      ...fields,
      errors: [{ message: refusal.message, extensions }],
    };
    return reply.code(refusal.status).send(body);
  });
  if (!isLocal) {
    guard(app, parts.hosts);
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'self'"],
          'style-src': ["'self'", "'unsafe-inline'"],
          'img-src': ["'self'", 'data:'],
          'frame-ancestors': ["'none'"],
          'base-uri': ["'none'"],
          'form-action': ["'self'"],
        },
      },
      hsts: parts.insistsOnTls,
    });
  }
  serveGraphql(app, core, isLocal ? localCaller : (request) => callerOf(core, request));
  serveRest(app, core);
  serveHealth(app, core, parts.probes);
  serveMetrics(app, metrics);
  await serveDashboard(app, parts.dashboardFolder);
}

function frameworkRefusal(error: FastifyError): ServiceError | undefined {
  const status = error.statusCode;
  if (status === undefined || status < 400 || status > 499) return undefined;
  const words: Readonly<Record<number, string>> = {
    413: 'the request is too large',
    415: 'send JSON with content-type: application/json',
  };
  return new ServiceError(error.code ?? 'BAD_REQUEST', words[status] ?? 'the request could not be read', { status });
}
