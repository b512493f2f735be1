/**
 * The controller as a whole: opens the store, its authority and its listeners, in the order in which each needs the
 * ones before, and closes them the other way round.
 */
import { chmodSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { OwnAddresses, withPort } from './addresses.ts';
import { isInUse, socketAddress } from './admin-socket.ts';
import { openAuthority, type TlsIdentity } from './authority/authority.ts';
import { Chores } from './chores.ts';
import type { Core } from './core.ts';
import { Alarms } from './edges/alarms.ts';
import { EdgeChannel } from './edges/channel.ts';
import { Live } from './edges/live.ts';
import { Watch } from './edges/watch.ts';
import { BODY_LIMIT, furnish } from './http/app.ts';
import { KnownHosts } from './http/guard.ts';
import type { Probe } from './http/health.ts';
import { makeMetrics } from './http/metrics.ts';
import { LiveSockets } from './http/websocket.ts';
import { NetworkHolder } from './network/holder.ts';
import { Changes } from './services/changes.ts';
import { isSetupNeeded, newSetupToken } from './services/createFirstAdministrator.ts';
import { Refusals } from './services/refusals.ts';
import { Throttle } from './services/throttle.ts';
import { backUpDaily } from './store/backup.ts';
import { StoreError } from './store/error.ts';
import { readMarker } from './store/marker.ts';
import { markStore, ORGANISATION, openStore } from './store/open.ts';
import { openTelemetry } from './store/telemetry.ts';

export interface ControllerOptions {
  readonly directory: string;
  /** 0: any free one. */
  readonly port: number;
  readonly edgePort: number;
  readonly listen: string;
  /** Names and addresses it is reached at; none: this machine's own. */
  readonly addresses: readonly string[];
  readonly tls: TlsIdentity | undefined;
  readonly log: Logger;
  readonly version: string;
  readonly now?: () => number;
  readonly dashboardFolder?: string;
}

export interface RunningController {
  readonly core: Core;
  readonly url: string;
  readonly edgePort: number;
  /** The one-time link for the first administrator; null when there is one. */
  readonly setupUrl: string | null;
  readonly adminSocket: string;
  /** What is done every hour anyway. */
  doChores(): Promise<void>;
  close(): Promise<void>;
}

/** A client that takes longer to send its request is only holding the connection. */
const REQUEST_WITHIN_MS = 30_000;
const PEOPLE_TLS = { minVersion: 'TLSv1.2' } as const;

export async function startController(options: ControllerOptions): Promise<RunningController> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    return await start(options, closers, close);
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function start(
  options: ControllerOptions,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<RunningController> {
  const { log, version, addresses } = options;
  const directory = resolve(options.directory);
  const now = options.now ?? Date.now;
  const adminSocket = join(directory, 'admin.sock');
  if (await isInUse(adminSocket)) {
    throw new StoreError(
      'DATA_IN_USE',
      `another controller runs on ${directory}; stop it first, or give this one its own --data`,
    );
  }
  const mustExist = readMarker(directory) !== undefined;
  const store = await openStore(directory, now);
  closers.push(() => store.close());
  const names = [
    ...new Set([...addresses, 'localhost', '127.0.0.1', '::1', hostname()].map((name) => name.toLowerCase())),
  ];
  const authority = await openAuthority({ directory, names, given: options.tls, now, mustExist });
  markStore(store, now());
  const telemetry = openTelemetry(directory, ORGANISATION, now(), log);
  closers.push(() => telemetry.close());

  let port = options.port;
  let edgePort = options.edgePort;
  const own = new OwnAddresses(directory, addresses);
  const channels = () => own.list().map((host) => withPort(host, edgePort));
  const changes = new Changes();
  const core: Core = {
    version,
    organisation: ORGANISATION,
    store,
    telemetry,
    authority,
    now,
    log,
    network: new NetworkHolder(store.db, ORGANISATION, channels),
    live: new Live(now),
    alarms: new Alarms(store.db, ORGANISATION, changes, log, now),
    changes,
    throttle: new Throttle(),
    refusals: new Refusals(),
    urls: () => own.list().map((host) => `https://${withPort(host, port)}`),
    channels,
  };
  closers.push(() => core.alarms.settled());
  await core.alarms.load();
  await core.network.reload();

  const edges = new EdgeChannel(core, await authority.edgesTls());
  closers.push(() => edges.close());
  const host = await usableHost(options.listen);
  edgePort = await bind(() => edges.listen(options.edgePort, host), options.edgePort, '--edge-port');

  const hosts = new KnownHosts(() => own.list());
  const sockets = new LiveSockets(core, hosts);
  const parts = {
    core,
    hosts,
    metrics: makeMetrics(core, () => sockets.count),
    probes: probesOf(core, edges),
    dashboardFolder: options.dashboardFolder ?? join(import.meta.dirname, '../dashboard/dist'),
    insistsOnTls: options.tls !== undefined,
  };
  const https = fastify({
    https: { ...(await authority.peopleTls()), ...PEOPLE_TLS },
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_WITHIN_MS,
    logger: false,
    forceCloseConnections: true,
  });
  const people = https as unknown as FastifyInstance;
  await furnish(people, parts, false);
  sockets.attach(people.server as unknown as Server);
  closers.push(() => people.close());
  // Before the server: it waits for the connections that became WebSockets.
  closers.push(() => sockets.close());
  port = await bind(
    async () => {
      await people.listen({ port: options.port, host });
      return (people.server.address() as AddressInfo).port;
    },
    options.port,
    '--port',
  );

  const local = fastify({ bodyLimit: BODY_LIMIT, logger: false, forceCloseConnections: true });
  await furnish(local, parts, true);
  closers.push(() => local.close());
  const address = socketAddress(adminSocket);
  await local.listen({ path: address.path });
  chmodSync(adminSocket, 0o600);
  closers.push(() => address.done());

  // Addresses may have changed since the last run: configurations follow before any edge asks.
  await edges.recompile();
  const watch = new Watch(core);
  closers.push(() => watch.close());
  backUpDaily(store.raw, directory, now());
  const chores = new Chores(core, {
    renewEdgesTls: (tls) => edges.renewTls(tls),
    renewPeopleTls: (tls) => https.server.setSecureContext({ ...tls, ...PEOPLE_TLS }),
  });
  closers.push(() => chores.close());
  const url = `https://localhost:${port}`;
  const setupUrl = (await isSetupNeeded(core)) ? `${url}/setup?token=${await newSetupToken(core)}` : null;
  return { core, url, edgePort, setupUrl, adminSocket, doChores: () => chores.run(), close };
}

/** `::` listens for IPv4 too; on a machine without IPv6 it cannot be had. */
async function usableHost(host: string): Promise<string> {
  if (host !== '::') return host;
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve('0.0.0.0'));
    probe.listen({ port: 0, host }, () => probe.close(() => resolve(host)));
  });
}

/** One clear sentence for the fault everybody meets. */
async function bind(listen: () => Promise<number>, port: number, option: string): Promise<number> {
  try {
    return await listen();
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === 'EADDRINUSE') {
      throw new StoreError(
        'PORT_IN_USE',
        `port ${port} is taken by another program; stop it (ss -ltnp shows which), or choose another port with ${option}`,
      );
    }
    if (code === 'EACCES')
      throw new StoreError('PORT_FORBIDDEN', `port ${port} needs root; choose one above 1023 with ${option}`);
    if (code === 'EADDRNOTAVAIL')
      throw new StoreError('ADDRESS_UNKNOWN', 'this machine has no such address; choose another one with --listen');
    throw cause;
  }
}

function probesOf(core: Core, edges: EdgeChannel): Readonly<Record<string, Probe>> {
  const probe = core.store.raw.prepare(
    "insert into setting values (?, 'write-probe', ?) on conflict (organisation, key) do update set value = excluded.value",
  );
  return {
    database: () => {
      try {
        probe.run(core.organisation, String(core.now()));
      } catch (error) {
        throw new Error(`cannot write (${(error as { code?: string }).code ?? 'unknown error'})`);
      }
    },
    authority: () => {
      if (core.authority.certificate === '') throw new Error('no certificate authority');
    },
    edges: () => {
      if (!edges.isListening) throw new Error('the edge channel does not listen');
    },
  };
}
