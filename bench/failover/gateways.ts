/** Gateways with real edges, so that steering decides, and a stream of 1,000 packets a second both ways between two of them. */
import { existsSync, readFileSync } from 'node:fs';
import type { Configuration } from '@patronus/protocol';
import {
  buildWorld,
  type EdgeWorld,
  type Gateway,
  settle,
  uplinkNames,
} from '../../test/interop/fixtures/edgeWorld.ts';
import type { Cleanup } from '../../test/interop/fixtures/twoSites.ts';
import { ip } from '../../test/interop/ownNamespace.ts';
import { FLOW_PORTS } from './flows.ts';
import { STREAM_PORT, Streams } from './streams.ts';
import { Wires } from './wires.ts';

export const UPLINK_BITS_PER_SECOND = 20e6;
/** Further times that the edges are waited for. */
const PATIENCE = 4;

/** Of uplinks. */
const labels = uplinkNames.map((name) => name.slice(2));

const policy = {
  ...{ action: 'allow' as const, breakoutUplinks: [], limitPercent: null, mark: null, compression: null },
};

const toPort = (port: number): { protocol: number; ports: [number, number][] } => ({
  protocol: 17,
  ports: [[port, port]],
});

/** Delay that a conversation notices, round trip, and the loss that it hears. */
const call = { id: 'call', name: 'call', roundTripMs: 100, jitterMs: null, loss: 0.01, mos: null };

/** The stream under an SLA class, flows under the same that prefer one uplink, and everything else as bulk. */
export function withStream(configuration: Configuration): Configuration {
  return {
    ...configuration,
    uplinks: configuration.uplinks.map((uplink) => ({ ...uplink, bitsPerSecond: UPLINK_BITS_PER_SECOND })),
    slaClasses: [call],
    treatments: [
      { id: 'call', slaClassId: call.id, path: { mode: 'cheapest' } },
      ...labels.map((label) => ({
        ...{ id: label, slaClassId: call.id },
        path: { mode: 'ordered' as const, labels: [label, ...labels.filter((other) => other !== label)] },
      })),
    ],
    policies: [
      ...labels.map((label, at) => ({
        ...{ ...policy, id: label, name: label, match: toPort(FLOW_PORTS[at]!) },
        ...{ treatment: label, priority: 'realtime' as const },
      })),
      {
        ...{ ...policy, id: 'stream', name: 'stream', match: toPort(STREAM_PORT) },
        ...{ treatment: 'call', priority: 'realtime' as const },
      },
      { ...policy, id: 'rest', name: 'rest', match: {}, treatment: 'default', priority: 'bulk' as const },
    ],
  };
}

/** The edge of a gateway and its forwarders, without what else runs in its namespace. */
export function pidsOf(gateway: Gateway): number[] {
  const pids = ip('netns', 'pids', gateway.namespace).split('\n').filter(Boolean).map(Number);
  return pids.filter((pid) => /apps\/edge\/|forwarder\/host\//.test(commandOf(pid)));
}

/** Empty: it has ended meanwhile. */
function commandOf(pid: number): string {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}

/** Call after `enterOwnNamespace`. The stream runs when this is done. */
export async function startGateways(
  context: Cleanup,
  rewrite: (configuration: Configuration) => Configuration,
  count = 2,
): Promise<EdgeWorld & { readonly streams: Streams; readonly wires: Wires }> {
  const world = await buildWorld(context, count);
  const wires = new Wires(context, world.gateways);
  world.controller.rewrite = rewrite;
  for (const gateway of world.gateways) gateway.start(['--token', world.controller.token(gateway.id)]);
  await settled(world);
  const stand = ({ namespace, lanAddress }: Gateway) => ({ namespace, address: lanAddress });
  const streams = new Streams(stand(world.gateways[0]!), stand(world.gateways[1]!));
  context.after(() => streams.stop());
  await streams.begin();
  return { ...world, streams, wires };
}

/** A busy machine takes longer than a test allows for. */
async function settled(world: EdgeWorld): Promise<void> {
  for (let left = PATIENCE; ; left--) {
    try {
      return await settle(world);
    } catch (error) {
      if (left > 0) continue;
      for (const { id, output } of world.gateways) process.stderr.write(`${id}:\n${output}\n`);
      throw error;
    }
  }
}
