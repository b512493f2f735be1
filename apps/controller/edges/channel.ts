/**
 * Port 8444: one mutual-TLS WebSocket for each edge. Trust is checked on every connection before a byte of payload:
 * the certificate has to be ours and in date (TLS does that), and its edge enrolled and not revoked (we do that).
 */
import { constants, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { CloseCode } from '@patronus/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { plainAddress } from '../addresses.ts';
import { edgeIdOf, type TlsIdentity } from '../authority/authority.ts';
import type { Core } from '../core.ts';
import { publishIn } from '../services/verb.ts';
import { transact } from '../store/transaction.ts';
import type { Connection, Speakers } from './conversation.ts';
import { EdgeSession } from './session.ts';

const MAX_MESSAGE = 8 * 1024 * 1024;
const HANDSHAKE_WITHIN_MS = 10_000;
const RECOMPILE_AFTER_MS = 100;

export class EdgeChannel implements Speakers {
  readonly #core: Core;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #speakers = new Map<string, Connection>();
  readonly #all = new Set<EdgeSession>();
  readonly #stopListening: () => void;
  #recompiling: NodeJS.Timeout | undefined;

  constructor(core: Core, tls: TlsIdentity) {
    this.#core = core;
    this.#server = createServer({
      ...contextOf(core, tls),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_WITHIN_MS,
    });
    this.#server.on('secureConnection', (socket) => {
      if (socket.isSessionReused() || this.#trustedEdge(socket) === undefined) socket.destroy();
    });
    this.#server.on('request', (_request, response) => response.writeHead(404).end());
    this.#sockets = new WebSocketServer({ server: this.#server, maxPayload: MAX_MESSAGE, perMessageDeflate: false });
    this.#sockets.on('connection', (socket, request) => this.#accept(socket, request.socket as TLSSocket));
    // ws passes the HTTP server's errors on as its own; listen() rejects with them.
    this.#sockets.on('error', () => {});
    this.#stopListening = core.changes.listen((topic) => {
      if (topic === 'network') this.#dropUntrusted();
      if (topic === 'configurations') for (const speaker of this.#speakers.values()) speaker.push();
    });
  }

  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host, ipv6Only: false }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#core.log.error({ err: error }, 'edge channel'));
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  renewTls(tls: TlsIdentity): void {
    this.#server.setSecureContext(contextOf(this.#core, tls));
  }

  async close(): Promise<void> {
    this.#stopListening();
    clearTimeout(this.#recompiling);
    for (const session of this.#all) session.end(1001, 'the controller stops');
    await Promise.all([...this.#all].map((session) => session.ended));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  speakerFor(edgeId: string): Connection | undefined {
    return this.#speakers.get(edgeId);
  }

  adopt(connection: Connection): void {
    const before = this.#speakers.get(connection.edgeId);
    this.#speakers.set(connection.edgeId, connection);
    if (before !== undefined && before !== connection) before.end(1000, 'replaced by a newer connection');
  }

  release(connection: Connection): boolean {
    if (this.#speakers.get(connection.edgeId) !== connection) return false;
    return this.#speakers.delete(connection.edgeId);
  }

  recompileSoon(): void {
    if (this.#recompiling !== undefined) return;
    this.#recompiling = setTimeout(() => {
      this.#recompiling = undefined;
      void this.recompile();
    }, RECOMPILE_AFTER_MS);
  }

  async recompile(): Promise<void> {
    const core = this.#core;
    try {
      await transact(core.store.db, (trx) => publishIn(core, trx));
      await core.network.reload();
      core.changes.announce('network');
      core.changes.announce('configurations');
    } catch (error) {
      core.log.error({ err: error }, 'new configurations could not be made; edges keep theirs');
    }
  }

  #trustedEdge(socket: TLSSocket): string | undefined {
    const raw = socket.getPeerCertificate().raw;
    if (!socket.authorized || raw === undefined) return undefined;
    const edgeId = edgeIdOf(new X509Certificate(raw));
    return edgeId !== undefined && this.#core.network.current.edges.get(edgeId)?.state === 'enrolled'
      ? edgeId
      : undefined;
  }

  #accept(socket: WebSocket, connection: TLSSocket): void {
    const edgeId = this.#trustedEdge(connection);
    if (edgeId === undefined) {
      socket.close(CloseCode.revoked, 'this edge is not trusted');
      return;
    }
    const session = new EdgeSession(this.#core, this, edgeId, socket, plainAddress(connection.remoteAddress ?? ''));
    this.#all.add(session);
    void session.ended.then(() => this.#all.delete(session));
  }

  #dropUntrusted(): void {
    const { edges } = this.#core.network.current;
    for (const session of this.#all) {
      if (edges.get(session.edgeId)?.state === 'enrolled') continue;
      session.end(CloseCode.revoked, 'this edge was revoked');
    }
  }
}

/** Whole each time: a new context forgets what it is not told again, the least version among it. */
function contextOf(core: Core, tls: TlsIdentity): SecureContextOptions {
  return {
    ...tls,
    ca: core.authority.certificate,
    minVersion: 'TLSv1.3',
    // A resumed session is authorised without its certificate being shown again: no tickets, no resumption.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
