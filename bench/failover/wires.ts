/**
 * The wires between gateways and core, which can be made longer: each passes through a namespace of its own, over a bridge,
 * or through the lab's relay, which holds every frame back for as long as it is told.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RelayProcess, startRelay } from '../../apps/lab/relay-process.ts';
import { type Gateway, uplinkNames } from '../../test/interop/fixtures/edgeWorld.ts';
import type { Cleanup } from '../../test/interop/fixtures/twoSites.ts';
import { ip } from '../../test/interop/ownNamespace.ts';
import type { Uplink } from './carriers.ts';

const clean = {
  ...{ delayMs: 0, jitterMs: 0, lossPercent: 0 },
  ...{ reorderPercent: 0, duplicatePercent: 0, corruptPercent: 0 },
};

/** The core's end of a wire, in the core's namespace. */
export function coreEnd({ number }: Gateway, order: number): string {
  return `pt${number}u${order}`;
}

export class Wires {
  readonly #namespace = `pt${process.pid}w`;
  readonly #gateways: readonly Gateway[];
  #relay: RelayProcess | undefined;

  /** Puts the wires of these gateways, which do not run yet, through a namespace. */
  constructor(context: Cleanup, gateways: readonly Gateway[]) {
    this.#gateways = gateways;
    ip('netns', 'add', this.#namespace);
    context.after(() => ip('netns', 'delete', this.#namespace));
    for (const gateway of gateways) for (const order of uplinkNames.keys()) this.#insert(gateway, order);
  }

  /** From here on the relay carries all of them, without delay at first. A few packets are lost. Answers its process id. */
  async relay(context: Cleanup): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), 'pt-relay-'));
    context.after(async () => {
      await this.#relay?.stop();
      rmSync(folder, { recursive: true });
    });
    this.#relay = await startRelay(this.#namespace, join(folder, 'log'), () => undefined);
    for (const gateway of this.#gateways) {
      for (const [order, uplink] of uplinkNames.entries()) {
        const { site, core } = ends(gateway, order);
        // The relay takes no frames whose checksum somebody else was to fill in.
        gateway.run('ethtool', '-K', uplink, 'tx', 'off');
        execFileSync('ethtool', ['-K', coreEnd(gateway, order), 'tx', 'off'], { stdio: 'ignore' });
        for (const end of [site, core]) this.#ip('link', 'set', end, 'nomaster');
        await this.delay(gateway, uplink, 0);
      }
    }
    return this.#relay.pid!;
  }

  /** What the core sends to this uplink arrives so much later; the way back stays as it is. */
  async delay(gateway: Gateway, uplink: Uplink, delayMs: number): Promise<void> {
    const { site, core } = ends(gateway, uplinkNames.indexOf(uplink));
    await this.#relay!.tell({
      ...{ verb: 'carry', wire: site, site, core },
      settings: { outgoing: clean, incoming: { ...clean, delayMs }, seed: 1 },
    });
  }

  /** Back to bridges. */
  async bridge(): Promise<void> {
    await this.#relay?.stop();
    this.#relay = undefined;
    for (const gateway of this.#gateways) for (const order of uplinkNames.keys()) this.#join(gateway, order);
  }

  /** The core's end goes into the namespace, and a new one takes its place. */
  #insert(gateway: Gateway, order: number): void {
    const { bridge, core, site } = ends(gateway, order);
    const outer = coreEnd(gateway, order);
    ip('link', 'set', outer, 'netns', this.#namespace, 'name', site);
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', core, 'netns', this.#namespace);
    ip('address', 'add', `198.${18 + order}.${gateway.number}.1/24`, 'dev', outer);
    ip('link', 'set', outer, 'up');
    this.#ip('link', 'add', bridge, 'type', 'bridge');
    for (const end of [bridge, core, site]) this.#ip('link', 'set', end, 'up');
    this.#join(gateway, order);
  }

  #join(gateway: Gateway, order: number): void {
    const { bridge, core, site } = ends(gateway, order);
    for (const end of [core, site]) this.#ip('link', 'set', end, 'master', bridge);
  }

  #ip(...args: string[]): string {
    return ip('-n', this.#namespace, ...args);
  }
}

function ends({ number }: Gateway, order: number) {
  return { bridge: `ptb${number}u${order}`, core: `ptc${number}u${order}`, site: `pts${number}u${order}` };
}
