/** The dashboard's files: hashed assets for ever, everything else is index.html. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { ServiceError } from '../services/error.ts';

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Patronus</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The dashboard is not built yet</h1>
<p>The controller runs and its API answers. To build the dashboard, run <code>npm run build</code>, or use <code>npm start</code>, which builds it; then reload this page.</p>`;

export async function serveDashboard(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, { root: folder, serve: false, suppressWarning: true });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0]!;
    if (path.startsWith('/api/'))
      throw new ServiceError('NOT_FOUND', `there is nothing at ${request.method} ${path.slice(0, 200)}`);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new ServiceError('METHOD_NOT_ALLOWED', 'use GET', { status: 405 });
    if (!existsSync(join(folder, 'index.html'))) return reply.code(503).type('text/html').send(NOT_BUILT);
    if (/^\/assets\/[A-Za-z0-9._-]+$/.test(path)) {
      if (!isFile(join(folder, path)))
        throw new ServiceError('NOT_FOUND', 'this file belongs to another version of the dashboard; reload the page');
      return reply.sendFile(path.slice(1), { maxAge: '365d', immutable: true });
    }
    const isTopFile = /^\/[A-Za-z0-9_-]+\.[A-Za-z0-9.]+$/.test(path) && isFile(join(folder, path));
    return reply
      .header('cache-control', 'no-cache')
      .sendFile(isTopFile ? path.slice(1) : 'index.html', { cacheControl: false });
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
