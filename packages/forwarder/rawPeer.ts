/** A hand-driven WireGuard device as the far end of a tunnel, for tests: it may put anything into it, and onto the wire. */
import { formatEndpoint, parseEndpoint } from '@patronus/net';
import { toBase64 } from '@patronus/wire';
import { Device, type DeviceEffect, type Primitives } from '@patronus/wireguard';
import type { ConfigureCommand } from './control.ts';
import { uplinkSocketName } from './descriptorNames.ts';
import { type DropReason, dropReasons, PASSED } from './drops.ts';
import { loadKernels } from './host/loadKernels.ts';
import { hostPrimitives } from './host/primitives.ts';
import { createMemory } from './memory.ts';
import { outerEndpoint, publicKeyOf, realCryptography, SimulatedSite } from './simulatedSites.ts';
import { type SimulatedDatagram, Simulation } from './simulation.ts';

/** The far end of tunnel `one`, with a key of its own. */
export class RawPeer {
  readonly address = '192.0.2.200:51820';
  readonly deadline = Number.POSITIVE_INFINITY;
  readonly device: Device;
  readonly #simulation: Simulation;

  constructor(simulation: Simulation, primitives: Primitives) {
    this.#simulation = simulation;
    const privateKey = primitives.privateKey(new Uint8Array(32).fill(200));
    this.device = new Device({ primitives, privateKey, wallClock: () => 1_800_000_000_000 });
    simulation.attach(this.address, this);
  }

  turn(): void {}

  receive({ from, bytes }: SimulatedDatagram): void {
    this.carryOut(this.device.handle({ kind: 'datagram', bytes, from: parseEndpoint(from)! }, this.#simulation.now));
  }

  carryOut(effects: readonly DeviceEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      this.#simulation.send({ from: this.address, to: formatEndpoint(effect.to), bytes: effect.bytes });
    }
  }

  /** Seals anything. */
  seal(payload: Uint8Array): Uint8Array {
    const [peer] = this.device.peers;
    const sealed = this.device.sealTransport(peer!, payload, this.#simulation.now);
    if (!sealed.ok) throw new Error(sealed.error);
    return sealed.value.bytes;
  }
}

/** Site 1, whose tunnel `one-1-2` ends at a raw peer; `give` hands it a datagram of that peer. */
export function rawWorld(change: (plan: ConfigureCommand, peerKey: string) => Partial<ConfigureCommand> = () => ({})) {
  const simulation = new Simulation(realCryptography);
  const memory = createMemory();
  const primitives = hostPrimitives(memory, loadKernels(memory.memory));
  const site = new SimulatedSite(simulation, 1);
  const raw = new RawPeer(simulation, primitives);
  const peerKey = toBase64(raw.device.publicKey);
  const plan = site.plan([2]);
  const tunnel = { ...plan.tunnels[0]!, publicKey: peerKey, endpoints: [raw.address] };
  const whole = { ...plan, tunnels: [tunnel] };
  raw.device.handle(
    {
      kind: 'peerSet',
      peer: {
        publicKey: publicKeyOf(Buffer.from(plan.uplinks[0]!.privateKey, 'base64')),
        endpoints: [parseEndpoint(outerEndpoint(1, 'one'))!],
        isAllowedSource: () => true,
      },
    },
    simulation.now,
  );
  site.configure({ ...whole, ...change(whole, peerKey) });
  const [own] = raw.device.peers;
  raw.carryOut(raw.device.handle({ kind: 'wantToSend', peer: own! }, simulation.now));
  simulation.run(10);
  const socket = site.forwarder.sockets.numberOf(uplinkSocketName('one', 4))!;
  const give = (bytes: Uint8Array, from = raw.address): DropReason | 'passed' => {
    const verdict = site.receiveAt(socket, parseEndpoint(from)!, bytes);
    return verdict === PASSED ? 'passed' : dropReasons[verdict - 1]!;
  };
  return { simulation, site, raw, give, peerKey, socket };
}
