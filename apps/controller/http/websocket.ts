/** /api/v2/graphql/ws: live queries over graphql-transport-ws, for whoever the cookie or Bearer secret says it is. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionResult, GraphQLError, parse } from 'graphql';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { plainAddress } from '../addresses.ts';
import type { Core } from '../core.ts';
import type { GraphContext } from '../graphql/builder.ts';
import { answerOf } from '../graphql/errors.ts';
import { authorise, prepare } from '../graphql/execute.ts';
import { LiveQueries } from '../graphql/live.ts';
import { schema } from '../graphql/schema.ts';
import { actorOf, actorOfHash } from '../services/sessions.ts';
import type { Caller } from '../services/verb.ts';
import { secretInAuthorization, secretInCookie } from './cookie.ts';
import { GRAPHQL_PATH } from './graphql.ts';
import type { KnownHosts } from './guard.ts';

const CHECK_SESSIONS_MS = 2_000;
const MAX_MESSAGE = 128 * 1024;
const MAX_SOCKETS = 5_000;
const MAX_SUBSCRIPTIONS = 100;

interface Client {
  readonly socket: WebSocket;
  readonly caller: Caller;
}

export class LiveSockets {
  readonly #core: Core;
  readonly #hosts: KnownHosts;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    handleProtocols: () => GRAPHQL_TRANSPORT_WS_PROTOCOL,
  });
  readonly #clients = new Set<Client>();
  readonly #queries = new LiveQueries();
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;

  constructor(core: Core, hosts: KnownHosts) {
    this.#core = core;
    this.#hosts = hosts;
    this.#timer = setInterval(() => void this.#checkSessions(), CHECK_SESSIONS_MS);
    this.#timer.unref();
    this.#stopListening = core.changes.listen((topic) => {
      if (topic === 'sessions') void this.#checkSessions();
    });
  }

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      void this.#upgrade(request, socket, head).catch((error: unknown) => {
        this.#core.log.error({ err: error }, 'a WebSocket could not be opened');
        socket.destroy();
      });
    });
  }

  get count(): number {
    return this.#clients.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopListening();
    for (const { socket } of this.#clients) {
      socket.close(1001, 'the controller stops');
      setTimeout(() => socket.terminate(), 500).unref();
    }
    await new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { headers } = request;
    if (!this.#hosts.knows(headers.host)) return refuse(socket, 421, 'Misdirected Request');
    if (!this.#hosts.isOwnOrigin(headers.origin, headers.host)) return refuse(socket, 403, 'Forbidden');
    if (request.url?.split('?')[0] !== `${GRAPHQL_PATH}/ws`) return refuse(socket, 404, 'Not Found');
    if (this.#clients.size >= MAX_SOCKETS) return refuse(socket, 503, 'Service Unavailable');
    const secret = secretInAuthorization(headers.authorization) ?? secretInCookie(headers.cookie);
    const actor = await actorOf(this.#core, secret);
    if (actor.role === undefined) return refuse(socket, 401, 'Unauthorized');
    const caller = { actor, sourceAddress: plainAddress(request.socket.remoteAddress ?? '') };
    this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#serve({ socket: opened, caller }));
  }

  #serve(client: Client): void {
    const { socket } = client;
    this.#clients.add(client);
    const context: GraphContext = { core: this.#core, caller: client.caller, setSession: () => {} };
    const server = makeServer({
      schema,
      onSubscribe: (connection, _id, payload) => {
        if (Object.keys(connection.subscriptions).length > MAX_SUBSCRIPTIONS) {
          return [new GraphQLError(`at most ${MAX_SUBSCRIPTIONS} live queries on one connection`)];
        }
        const variables = (payload.variables ?? undefined) as Record<string, unknown> | undefined;
        return this.#argumentsOf(payload.query, payload.operationName ?? undefined, variables, context);
      },
      execute: (args) => (args.contextValue as Request).once(),
      subscribe: (args) => (args.contextValue as Request).stream(),
    });
    let onMessage: ((text: string) => Promise<void>) | undefined;
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (data) =>
          new Promise((resolve, reject) => socket.send(data, (error) => (error ? reject(error) : resolve()))),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handler) => {
          onMessage = handler;
        },
      },
      {},
    );
    socket.on('message', (data) => {
      onMessage?.(data.toString()).catch((error: unknown) => {
        this.#core.log.error({ err: error }, 'a live query failed');
        socket.close(CloseCode.InternalServerError, 'internal error');
      });
    });
    socket.on('error', () => socket.terminate());
    socket.once('close', (code, reason) => {
      this.#clients.delete(client);
      void closed(code, reason.toString());
    });
  }

  /** What graphql-ws runs: it insists on its own shape, so the prepared request travels as the context value. */
  #argumentsOf(
    query: string,
    operationName: string | undefined,
    variables: Record<string, unknown> | undefined,
    context: GraphContext,
  ) {
    let request: Request;
    try {
      const prepared = prepare(query, operationName);
      if (!('run' in prepared)) return prepared as readonly GraphQLError[];
      authorise(prepared, context);
      request = {
        once: async () =>
          answerOf(await prepared.run(context, variables), this.#core.log).body as unknown as ExecutionResult,
        stream: () => streamOf((listener) => this.#queries.subscribe(query, prepared, variables, context, listener)),
      };
    } catch (cause) {
      const refused = answerOf(
        { errors: [new GraphQLError('refused', { originalError: cause as Error })] },
        this.#core.log,
      );
      // graphql-ws wants errors of the policy, not their plain values, and closes the connection over the latter.
      return (refused.body.errors ?? []).map(({ message, extensions }) => new GraphQLError(message, { extensions }));
    }
    return { schema, document: parse(query), operationName, variableValues: variables, contextValue: request };
  }

  /** Signed out, disabled or given another role meanwhile: the socket closes. */
  async #checkSessions(): Promise<void> {
    const bySession = Map.groupBy(this.#clients, (client) => client.caller.actor.sessionHash);
    for (const [sessionHash, clients] of bySession) {
      const now = sessionHash === undefined ? undefined : await actorOfHash(this.#core, sessionHash);
      for (const { socket, caller } of clients) {
        if (now?.role !== caller.actor.role) socket.close(CloseCode.Forbidden, 'signed out');
      }
    }
  }
}

interface Request {
  once(): Promise<ExecutionResult>;
  stream(): AsyncGenerator<ExecutionResult>;
}

/** The newest value wins: a slow client misses steps in between, and nothing piles up for it. */
function streamOf(subscribe: (listener: (result: unknown) => void) => () => void): AsyncGenerator<ExecutionResult> {
  let newest: { result: ExecutionResult } | undefined;
  let waiting: ((step: IteratorResult<ExecutionResult>) => void) | undefined;
  let isOver = false;
  const end = subscribe((result) => {
    newest = { result: result as ExecutionResult };
    if (waiting === undefined) return;
    waiting({ done: false, value: newest.result });
    waiting = undefined;
    newest = undefined;
  });
  const finish = async (): Promise<IteratorReturnResult<undefined>> => {
    isOver = true;
    end();
    waiting?.({ done: true, value: undefined });
    waiting = undefined;
    return { done: true, value: undefined };
  };
  const iterator = {
    next(): Promise<IteratorResult<ExecutionResult>> {
      if (isOver) return finish();
      if (newest !== undefined) {
        const { result } = newest;
        newest = undefined;
        return Promise.resolve({ done: false, value: result });
      }
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
    return: finish,
    throw: finish,
    [Symbol.asyncIterator]: () => iterator,
    [Symbol.asyncDispose]: async () => void (await finish()),
  };
  return iterator as unknown as AsyncGenerator<ExecutionResult>;
}

function refuse(socket: Duplex, status: number, text: string): void {
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
