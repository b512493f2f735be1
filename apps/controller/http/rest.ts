/** /api/v1: enrolment and renewal of gateways. */
import type { FastifyInstance } from 'fastify';
import { plainAddress } from '../addresses.ts';
import type { Core } from '../core.ts';
import { nobody } from '../services/actor.ts';
import { enrolEdge } from '../services/enrolEdge.ts';
import { renewCertificate } from '../services/renewCertificate.ts';
import { perform } from '../services/verb.ts';

export function serveRest(app: FastifyInstance, core: Core): void {
  app.post('/api/v1/enrolments', async (request, reply) => {
    const caller = { actor: nobody, sourceAddress: plainAddress(request.ip) };
    return reply.code(201).send(await perform(core, caller, enrolEdge, request.body));
  });
  app.post('/api/v1/renewals', async (request) => {
    const caller = { actor: nobody, sourceAddress: plainAddress(request.ip) };
    return perform(core, caller, renewCertificate, request.body);
  });
}
