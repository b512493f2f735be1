/**
 * TCP for a speaker: connections that it makes and takes, bytes in and out. Sockets are made with what a neighbour asks
 * for (system/linux/tcpSocket.ts) and then given to Node's event loop.
 *
 * Nothing here grows without bound: what the kernel does not take waits, is counted, and the speaker gives no more until
 * it has left; what arrives is handed on in turns of some milliseconds, so that timers run between them.
 */
import { createServer, type Server, Socket } from 'node:net';
import { formatAddress, type IpAddress, type Prefix, parseAddress } from '@patronus/net';
import { closeDescriptor, type HopLimits, openTcpSocket, setHopLimits, setMd5Key } from '@patronus/system/linux';

export type ConnectionId = number;

/** Told from the event loop, never from within a call. */
export interface ConnectionEvents {
  connected(connection: ConnectionId, local: IpAddress): void;
  accepted(connection: ConnectionId, remote: IpAddress, local: IpAddress): void;
  /** The bytes are the callee's. */
  received(connection: ConnectionId, bytes: Uint8Array): void;
  /** The kernel took something; so many bytes wait still. */
  sent(connection: ConnectionId, waitingBytes: number): void;
  closed(connection: ConnectionId, reason: string): void;
}

export interface ConnectRequest {
  readonly remote: IpAddress;
  readonly port: number;
  readonly localAddress?: IpAddress;
  readonly device?: string;
  readonly hops?: HopLimits;
  readonly md5Key?: Uint8Array;
}

/** The keys of those who may connect: one address each, or all in a prefix. */
export interface PeerKey {
  readonly peer: IpAddress | Prefix;
  readonly key: Uint8Array;
}

/** A place where neighbours may connect to. */
export interface Listener {
  readonly address: IpAddress;
  readonly port: number;
  /** Of a neighbour that came, went or changed; null takes its key away. Those of the other family mean nothing here. */
  setKey(peer: IpAddress | Prefix, key: Uint8Array | null): void;
  /** Connections that were made stay. */
  close(): void;
}

const TURN_MS = 8;
/** For neighbours that connect: TTL of the handshake, before it is known who they are. */
const LISTENER_TTL = 255;

interface Connection {
  readonly socket: Socket;
  /** The speaker has closed it: what waits still leaves, and nothing of it is told any more. */
  isClosing: boolean;
  reason: string;
}

export class Connections {
  readonly #events: ConnectionEvents;
  readonly #now: () => number;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #listeners = new Set<Server>();
  readonly #held = new Set<Socket>();
  #turnEndsAtMs = 0;
  #isTurnPlanned = false;
  #nextIncoming = 1_000_000_000;

  constructor(events: ConnectionEvents, now: () => number) {
    this.#events = events;
    this.#now = now;
  }

  /**
   * Listens at an address; neighbours with keys have to sign from their first segment on. `device`: what comes by another
   * interface is not for this listener.
   */
  async listen(address: IpAddress, port: number, keys: readonly PeerKey[], device?: string): Promise<Listener> {
    const hops = { ttl: LISTENER_TTL, leastTtl: 0 };
    const ofDevice = device === undefined ? {} : { device };
    const fd = openTcpSocket({ family: address.family, address, port, hops, ...ofDevice });
    const setKey: Listener['setKey'] = (peer, key) => {
      if (peer.family === address.family) setMd5Key(fd, peer, key);
    };
    for (const { peer, key } of keys) setKey(peer, key);
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd, backlog: 128 }, resolve);
    });
    server.removeAllListeners('error');
    // A connection that could not be taken (too many open files) is the peer's to try again.
    server.on('error', () => undefined);
    this.#listeners.add(server);
    const close = () => {
      server.close();
      this.#listeners.delete(server);
    };
    return { address, port, setKey, close };
  }

  connect(connection: ConnectionId, { remote, port, localAddress, device, hops, md5Key }: ConnectRequest): void {
    let fd: number | undefined;
    try {
      fd = openTcpSocket({
        family: remote.family,
        ...(localAddress === undefined ? {} : { address: localAddress }),
        ...(device === undefined ? {} : { device }),
        ...(hops === undefined ? {} : { hops }),
      });
      if (md5Key !== undefined) setMd5Key(fd, remote, md5Key);
    } catch (error) {
      if (fd !== undefined) closeDescriptor(fd);
      setImmediate(() => this.#events.closed(connection, (error as Error).message));
      return;
    }
    const socket = new Socket({ fd, readable: true, writable: true });
    this.#keep(connection, socket);
    socket.setNoDelay(true);
    const host = isLinkLocal(remote) && device !== undefined ? `${formatAddress(remote)}%${device}` : undefined;
    socket.connect({ host: host ?? formatAddress(remote), port }, () => {
      this.#events.connected(connection, addressOf(socket.localAddress) ?? remote);
    });
  }

  /** Hop limits of a connection that was accepted, once it is known whose it is. */
  setHops(connection: ConnectionId, hops: HopLimits): void {
    const kept = this.#connections.get(connection);
    const fd = kept === undefined ? undefined : descriptorOf(kept.socket);
    const remote = addressOf(kept?.socket.remoteAddress);
    if (fd !== undefined && remote !== undefined) setHopLimits(fd, remote.family, hops);
  }

  /** The bytes must stay as they are until they have left. */
  send(connection: ConnectionId, bytes: Uint8Array): void {
    const kept = this.#connections.get(connection);
    if (kept === undefined || kept.isClosing) return;
    const { socket } = kept;
    socket.write(bytes, () => {
      if (this.#connections.get(connection) === kept && !kept.isClosing) {
        this.#events.sent(connection, socket.writableLength);
      }
    });
  }

  /** TCP ports of both ends; 0 where there is no connection any more. */
  portsOf(connection: ConnectionId): { readonly localPort: number; readonly remotePort: number } {
    const { localPort = 0, remotePort = 0 } = this.#connections.get(connection)?.socket ?? {};
    return { localPort, remotePort };
  }

  /** Bytes that the kernel has not taken yet. */
  waitingBytes(connection: ConnectionId): number {
    return this.#connections.get(connection)?.socket.writableLength ?? 0;
  }

  /** After what waits has left, or after a second. */
  close(connection: ConnectionId): void {
    const kept = this.#connections.get(connection);
    if (kept === undefined || kept.isClosing) return;
    kept.isClosing = true;
    this.#held.delete(kept.socket);
    // Read and thrown away: bytes left unread would turn the close into a reset, which can overtake the last words.
    kept.socket.removeAllListeners('data');
    kept.socket.resume();
    kept.socket.end();
    setTimeout(() => kept.socket.destroy(), 1_000).unref();
  }

  /** All of it ends; resolves when every connection has gone. */
  async stop(): Promise<void> {
    for (const server of this.#listeners) server.close();
    const gone = [...this.#connections.values()].map(
      ({ socket }) => new Promise((resolve) => (socket.destroyed ? resolve(null) : socket.once('close', resolve))),
    );
    for (const connection of this.#connections.keys()) this.close(connection);
    await Promise.all(gone);
  }

  #accept(socket: Socket): void {
    const [remote, local] = [addressOf(socket.remoteAddress), addressOf(socket.localAddress)];
    if (remote === undefined || local === undefined) {
      socket.destroy();
      return;
    }
    const connection = this.#nextIncoming++;
    this.#keep(connection, socket);
    this.#events.accepted(connection, remote, local);
  }

  #keep(connection: ConnectionId, socket: Socket): void {
    const kept: Connection = { socket, isClosing: false, reason: '' };
    this.#connections.set(connection, kept);
    socket.on('data', (bytes) => this.#receive(connection, kept, bytes));
    socket.on('end', () => {
      kept.reason = 'the peer has closed it';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      kept.reason = words[error.code ?? ''] ?? error.message;
    });
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#held.delete(socket);
      if (!kept.isClosing) this.#events.closed(connection, kept.reason);
    });
  }

  #receive(connection: ConnectionId, kept: Connection, bytes: Uint8Array): void {
    this.#events.received(connection, bytes);
    if (this.#turnEndsAtMs === 0) this.#turnEndsAtMs = this.#now() + TURN_MS;
    else if (this.#now() >= this.#turnEndsAtMs && !kept.isClosing) {
      kept.socket.pause();
      this.#held.add(kept.socket);
    }
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isTurnPlanned = false;
    this.#turnEndsAtMs = 0;
    for (const socket of this.#held) socket.resume();
    this.#held.clear();
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: check that the peer runs and that we are its neighbour',
  ECONNRESET: 'the peer has reset it',
  EHOSTUNREACH: 'the peer cannot be reached: check addresses and routes',
  ENETUNREACH: 'no route leads to the peer: check addresses and routes',
  ETIMEDOUT: 'the peer does not answer: check TCP 179, and the password if there is one',
  EPIPE: 'the peer has closed it',
};

function addressOf(text: string | undefined): IpAddress | undefined {
  return text === undefined ? undefined : parseAddress(text.replace(/%.*$/, ''));
}

function isLinkLocal({ family, bytes }: IpAddress): boolean {
  return family === 6 && bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

/** Node hands the descriptor of a connection that it accepted to nobody, but keeps it here. */
function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
}
