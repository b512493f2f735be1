/**
 * A whole WireGuard peer in one small process: a `Device`, a UDP socket, and a host behind it that answers pings.
 * Started with its settings as one argument of JSON; takes commands and tells events as lines of JSON on its standard
 * streams; ends when its input does.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { setTimeout as timer } from 'node:timers';
import {
  addressFromBytes,
  type Endpoint,
  formatAddress,
  formatEndpoint,
  parseAddress,
  parseEndpoint,
  parsePrefix,
  prefixContains,
} from '@patronus/net';
import { fromBase64 } from '@patronus/wire';
import { Device, type DeviceEffect, type DeviceEvent, noblePrimitives } from '@patronus/wireguard';
import { echoOf, echoReply, echoRequest } from './echo.ts';

export interface WireguardPeerSettings {
  /** Base64, as `wg` writes keys. */
  readonly privateKey: string;
  /** Address and port of the socket, such as `192.0.2.1:51820`. */
  readonly listen: string;
  /** Address of the host behind this peer. */
  readonly address: string;
  /** How many times faster than real its clock runs, so that a test sees a rekey in seconds. */
  readonly clockScale?: number;
  /** Handshake messages a second above which it asks for cookies; 0: always. */
  readonly loadThreshold?: number;
  readonly peer: {
    readonly publicKey: string;
    readonly presharedKey?: string;
    readonly endpoints: readonly string[];
    readonly allowed: readonly string[];
  };
}

export type WireguardPeerCommand =
  /** Sends an echo request to this address, from our own or from a borrowed one. */
  | { readonly do: 'ping'; readonly to: string; readonly from?: string }
  /** Goes on with a socket at another address or port. */
  | { readonly do: 'move'; readonly listen: string }
  /** Sends the last datagram of this message type once more; `flip`: with one bit of this byte changed. */
  | { readonly do: 'resend'; readonly type: number; readonly flip?: number }
  | { readonly do: 'status' };

export type WireguardPeerEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'session'; readonly isInitiator: boolean }
  | { readonly event: 'echo' | 'pong'; readonly sequence: number }
  | {
      readonly event: 'status';
      readonly counters: Readonly<Record<string, number>>;
      readonly endpoint: string | null;
      /** Packets that came out of the tunnel, allowed and whole. */
      readonly delivered: number;
    };

class WireguardPeer {
  readonly #settings: WireguardPeerSettings;
  readonly #device: Device;
  readonly #lastOfType = new Map<number, { readonly to: Endpoint; readonly bytes: Uint8Array }>();
  readonly #waiting: Uint8Array[] = [];
  #socket: Socket | undefined;
  #wakeUp: NodeJS.Timeout | undefined;
  #sequence = 0;
  #delivered = 0;

  constructor(settings: WireguardPeerSettings) {
    this.#settings = settings;
    const primitives = noblePrimitives((length) => new Uint8Array(randomBytes(length)));
    const privateKey = primitives.privateKey(key(settings.privateKey));
    const { loadThreshold } = settings;
    const options = loadThreshold === undefined ? {} : { loadThreshold };
    this.#device = new Device({ primitives, privateKey, wallClock: Date.now, ...options });
  }

  async start(): Promise<void> {
    await this.#open(this.#settings.listen);
    const { publicKey, presharedKey, endpoints, allowed } = this.#settings.peer;
    const prefixes = allowed.map((text) => {
      const prefix = parsePrefix(text);
      if (!prefix.ok) throw new Error(`allowed: ${text} is not a prefix`);
      return prefix.value;
    });
    const peer = {
      publicKey: key(publicKey),
      endpoints: endpoints.map((text) => parseEndpoint(text)!),
      isAllowedSource: (bytes: Uint8Array) => prefixes.some((one) => prefixContains(one, addressFromBytes(bytes)!)),
      ...(presharedKey === undefined ? {} : { presharedKey: key(presharedKey) }),
    };
    this.#handle({ kind: 'peerSet', peer });
    tell({ event: 'ready' });
  }

  async obey(command: WireguardPeerCommand): Promise<void> {
    if (command.do === 'status') this.#tellStatus();
    else if (command.do === 'move') await this.#open(command.listen);
    else if (command.do === 'resend') this.#resend(command.type, command.flip);
    else this.#ping(command.to, command.from ?? this.#settings.address);
  }

  stop(): void {
    clearTimeout(this.#wakeUp);
    this.#socket?.close();
  }

  #now(): number {
    return performance.now() * (this.#settings.clockScale ?? 1);
  }

  #open(listen: string): Promise<void> {
    const { address, port } = parseEndpoint(listen)!;
    const socket = createSocket(address.family === 4 ? 'udp4' : 'udp6');
    socket.on('message', (bytes, { address: from, port: fromPort }) => {
      this.#handle({ kind: 'datagram', bytes, from: { address: parseAddress(from)!, port: fromPort } });
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: formatAddress(address), port }, () => {
        this.#socket?.close();
        this.#socket = socket;
        resolve();
      });
    });
  }

  #handle(event: DeviceEvent): void {
    for (const effect of this.#device.handle(event, this.#now())) this.#carryOut(effect);
    this.#schedule();
  }

  #carryOut(effect: DeviceEffect): void {
    if (effect.kind === 'send') this.#send(effect.to, effect.bytes);
    if (effect.kind === 'packet') this.#deliver(effect.bytes);
    if (effect.kind !== 'sessionEstablished') return;
    tell({ event: 'session', isInitiator: effect.keypair.isInitiator });
    for (const packet of this.#waiting.splice(0)) this.#transmit(packet);
  }

  #deliver(packet: Uint8Array): void {
    this.#delivered += 1;
    const echo = echoOf(packet);
    if (echo === undefined) return;
    tell({ event: echo.isRequest ? 'echo' : 'pong', sequence: echo.sequence });
    if (echo.isRequest) this.#transmit(echoReply(packet));
  }

  #ping(to: string, from: string): void {
    this.#sequence += 1;
    this.#transmit(echoRequest(parseAddress(from)!.bytes, parseAddress(to)!.bytes, this.#sequence));
  }

  #transmit(packet: Uint8Array): void {
    const [peer] = this.#device.peers;
    const sealed = this.#device.sealTransport(peer!, packet, this.#now());
    if (sealed.ok) this.#send(sealed.value.to, sealed.value.bytes);
    else this.#waiting.push(packet);
    this.#schedule();
  }

  #send(to: Endpoint, bytes: Uint8Array): void {
    this.#lastOfType.set(bytes[0]!, { to, bytes });
    // An address that has gone is for the handshake to notice, as loss.
    this.#socket?.send(bytes, to.port, formatAddress(to.address), () => {});
  }

  #resend(type: number, flip: number | undefined): void {
    const { to, bytes } = this.#lastOfType.get(type)!;
    const copy = bytes.slice();
    if (flip !== undefined) copy[flip]! ^= 1;
    this.#socket?.send(copy, to.port, formatAddress(to.address));
  }

  #tellStatus(): void {
    const [peer] = this.#device.peers;
    const endpoint = peer?.endpoint === undefined ? null : formatEndpoint(peer.endpoint);
    tell({ event: 'status', counters: this.#device.counters, endpoint, delivered: this.#delivered });
  }

  #schedule(): void {
    clearTimeout(this.#wakeUp);
    const { deadline } = this.#device;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(0, deadline - this.#now()) / (this.#settings.clockScale ?? 1);
    this.#wakeUp = timer(() => this.#handle({ kind: 'tick' }), Math.ceil(wait));
  }
}

function key(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes?.length !== 32) throw new Error('a key must be 32 bytes of base64');
  return bytes;
}

function tell(event: WireguardPeerEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

if (import.meta.main) {
  const peer = new WireguardPeer(JSON.parse(process.argv[2]!) as WireguardPeerSettings);
  await peer.start();
  for await (const line of createInterface({ input: process.stdin })) await peer.obey(JSON.parse(line));
  peer.stop();
}
