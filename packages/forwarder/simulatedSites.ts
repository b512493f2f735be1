/** Sites, keys and packets for tests in memory: site N is 10.N.0.0/16, its edge `edgeN`, its uplinks `one` and `two`. */
import { writeIpv4HeaderChecksum, writeTransportChecksum } from '@patronus/net';
import { toBase64 } from '@patronus/wire';
import type { ConfigureCommand } from './control.ts';
import type { Simulation } from './simulation.ts';
import { SimulatedForwarder } from './simulation.ts';

/** X25519 public keys come from whatever makes them: `publicKeyOf` of 32 bytes of private key. */
export type PublicKeyOf = (privateKey: Uint8Array) => Uint8Array;

const networks = { one: '192.0.2', two: '198.51.100' } as const;
type Uplink = keyof typeof networks;
const UPLINKS: readonly Uplink[] = ['one', 'two'];

export class SimulatedSite extends SimulatedForwarder {
  readonly number: number;
  readonly #publicKeyOf: PublicKeyOf;

  constructor(simulation: Simulation, number: number, publicKeyOf: PublicKeyOf) {
    super(simulation, Object.fromEntries(UPLINKS.map((uplink) => [uplink, outerEndpoint(number, uplink)])));
    this.number = number;
    this.#publicKeyOf = publicKeyOf;
  }

  /** Configured with tunnels to `others`, over both uplinks, and a route to each of them. */
  plan(others: readonly number[], change: Partial<ConfigureCommand> = {}): ConfigureCommand {
    return {
      type: 'configure',
      serial: 1,
      mtu: 1380,
      overlayAddress: `100.64.0.${this.number}`,
      local: [sitePrefix(this.number)],
      uplinks: UPLINKS.map((id) => ({
        id,
        privateKey: toBase64(privateKey(this.number, id)),
        timestampFloor: null,
      })),
      tunnels: others.flatMap((other) => UPLINKS.map((uplink) => this.tunnelTo(other, uplink))),
      edges: others.map((other) => ({ id: `edge${other}`, allowed: [sitePrefix(other)] })),
      peers: [],
      routes: others.map((other) => ({ ...sitePrefix(other), nextHops: [`edge${other}`] })),
      ...change,
    };
  }

  tunnelTo(other: number, uplinkId: Uplink) {
    return {
      id: `${uplinkId}-${Math.min(this.number, other)}-${Math.max(this.number, other)}`,
      uplinkId,
      edgeId: `edge${other}`,
      publicKey: toBase64(this.#publicKeyOf(privateKey(other, uplinkId))),
      family: 4 as const,
      endpoints: [outerEndpoint(other, uplinkId)],
    };
  }

  get upTunnels(): number {
    return this.telemetry().tunnels.filter(({ state }) => state === 'up').length;
  }
}

export function outerEndpoint(site: number, uplink: Uplink): string {
  return `${networks[uplink]}.${site}:51820`;
}

export function sitePrefix(site: number) {
  return { segment: 0, prefix: `10.${site}.0.0/16` };
}

/** The same in every run. */
export function privateKey(site: number, uplink: Uplink): Uint8Array {
  return new Uint8Array(32).fill(site * 16 + UPLINKS.indexOf(uplink) + 1);
}

export interface PacketOptions {
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly port?: number;
  readonly length?: number;
  readonly hopLimit?: number;
}

/** A UDP packet over IPv4 with right checksums and a payload that counts up. */
export function udpPacket({ source, destination, port = 7, length = 100, hopLimit = 64 }: PacketOptions): Uint8Array {
  const packet = Uint8Array.from({ length }, (_, at) => at & 0xff);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0, length >> 8, length & 0xff, 0, 1, 0x40, 0, hopLimit, 17, 0, 0, ...source, ...destination]);
  writeIpv4HeaderChecksum(packet, 0, 20);
  view.setUint16(20, 5000);
  view.setUint16(22, port);
  view.setUint16(24, length - 20);
  writeTransportChecksum(packet, 4, 12, 17, 20, length - 20, 6);
  return packet;
}
