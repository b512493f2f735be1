/** Sites, keys and packets for tests in memory: site N is 10.N.0.0/16, its edge `edgeN`, its uplinks `one` and `two`. */
import { writeIpv4HeaderChecksum, writeTransportChecksum } from '@patronus/net';
import { quicCrypto } from '@patronus/system/linux';
import { toBase64 } from '@patronus/wire';
import type { ConfigureCommand } from './control.ts';
import { loadKernels } from './host/loadKernels.ts';
import { hostPrimitives } from './host/primitives.ts';
import { createMemory } from './memory.ts';
import { SimulatedForwarder, Simulation, type SimulationOptions } from './simulation.ts';

const networks = { one: '192.0.2', two: '198.51.100' } as const;
type Uplink = keyof typeof networks;
const UPLINKS: readonly Uplink[] = ['one', 'two'];

/** The cryptography and kernels of the real machine. */
export const realCryptography: SimulationOptions = {
  loadKernels: ({ memory }) => loadKernels(memory),
  primitives: hostPrimitives,
  quic: quicCrypto,
};

const keyMemory = createMemory();
const keyMaker = hostPrimitives(keyMemory, loadKernels(keyMemory.memory));

export function publicKeyOf(key: Uint8Array): Uint8Array {
  return keyMaker.privateKey(key).publicKey;
}

/** Sites 1 to `count`, not configured yet. */
export function simulatedSites(count: number, capabilities: readonly number[] = []) {
  const simulation = new Simulation(realCryptography);
  const sites = Array.from({ length: count }, (_, at) => new SimulatedSite(simulation, at + 1, capabilities[at]));
  return { simulation, sites };
}

/** Two sites with both tunnels up; `capabilities` of each, where they are to be of an older release. */
export function joinedSites(...capabilities: number[]) {
  const { simulation, sites } = simulatedSites(2, capabilities);
  const [left, right] = sites as [SimulatedSite, SimulatedSite];
  left.configure(left.plan([2]));
  right.configure(right.plan([1]));
  simulation.run(1_000);
  if (left.upTunnels !== 2 || right.upTunnels !== 2) throw new Error('the simulated sites did not join');
  return { simulation, left, right };
}

export class SimulatedSite extends SimulatedForwarder {
  readonly number: number;

  constructor(simulation: Simulation, number: number, capabilities?: number) {
    super(
      simulation,
      Object.fromEntries(UPLINKS.map((uplink) => [uplink, outerEndpoint(number, uplink)])),
      capabilities,
    );
    this.number = number;
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
      edges: others.map((other) => ({
        id: `edge${other}`,
        allowed: [sitePrefix(other)],
        overlayAddress: `100.64.0.${other}`,
      })),
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
      publicKey: toBase64(publicKeyOf(privateKey(other, uplinkId))),
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

/** A UDP packet over IPv6 from the first host of `fdNN::/16` to that of another, NN being the hex digits of the site. */
export function udpPacket6(from: number, to: number, length = 100): Uint8Array {
  const packet = new Uint8Array(length);
  const view = new DataView(packet.buffer);
  packet.set([0x60, 0, 0, 0, (length - 40) >> 8, (length - 40) & 0xff, 17, 64]);
  packet.set([0xfd, from], 8);
  packet[23] = 1;
  packet.set([0xfd, to], 24);
  packet[39] = 1;
  view.setUint16(40, 5000);
  view.setUint16(42, 7);
  view.setUint16(44, length - 40);
  writeTransportChecksum(packet, 6, 8, 17, 40, length - 40, 6);
  return packet;
}
