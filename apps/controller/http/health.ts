/** Health that really checks: what is not asked is not claimed. */
import type { FastifyInstance } from 'fastify';
import type { Core } from '../core.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly reason: string | undefined;
}

export type Probe = () => Promise<void> | void;

async function runChecks(probes: Readonly<Record<string, Probe>>): Promise<Check[]> {
  return Promise.all(
    Object.entries(probes).map(async ([name, probe]) => {
      try {
        await probe();
        return { name, ok: true, reason: undefined };
      } catch (error) {
        return { name, ok: false, reason: (error as Error).message };
      }
    }),
  );
}

/** The write probe costs a sync to disk, and anybody may ask: what was found just now is still true. */
const FRESH_MS = 250;

function remembering(probes: Readonly<Record<string, Probe>>): () => Promise<Check[]> {
  let last: { readonly at: number; readonly checks: Promise<Check[]> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at > FRESH_MS) last = { at: now, checks: runChecks(probes) };
    return last.checks;
  };
}

export function serveHealth(app: FastifyInstance, core: Core, probes: Readonly<Record<string, Probe>>): void {
  const startedAt = performance.now();
  const check = remembering(probes);
  app.get('/health/live', async () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const failed = (await check()).filter(({ ok }) => !ok);
    if (failed.length === 0) return { status: 'ready' };
    return reply
      .code(503)
      .send({ status: 'not ready', reasons: failed.map(({ name, reason }) => `${name}: ${reason}`) });
  });
  app.get('/health', async (_request, reply) => {
    const checks = await check();
    const ok = checks.every((one) => one.ok);
    return reply.code(ok ? 200 : 503).send({
      status: ok ? 'ok' : 'failing',
      version: core.version,
      uptimeSeconds: Math.round((performance.now() - startedAt) / 1000),
      checks,
    });
  });
}
