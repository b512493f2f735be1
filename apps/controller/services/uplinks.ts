/** Writes a site's uplinks: those given with an id are changed, new ones added, the others taken out. */
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import type { UplinkInput } from './input.ts';
import type { Work } from './verb.ts';

const FIRST_PORT = 51_820;

export async function writeUplinks(work: Work<unknown>, edgeId: string, inputs: readonly UplinkInput[]): Promise<void> {
  const { trx, organisation } = work;
  const labels = inputs.map((input) => input.label.toLowerCase());
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) {
    const message = `two uplinks are called ${twice}; give each of the site's uplinks its own label`;
    throw new ServiceError('CONFLICT', message, { fields: { uplinks: message } });
  }
  const present = await trx.selectFrom('uplink').selectAll().where('edge_id', '=', edgeId).execute();
  const kept = new Set(inputs.flatMap((input) => input.id ?? []));
  for (const id of kept) {
    if (!present.some((uplink) => uplink.id === id))
      throw new ServiceError('NOT_FOUND', `the site has no uplink ${id}`);
  }
  for (const uplink of present.filter((one) => !kept.has(one.id))) {
    const peer = await trx.selectFrom('peer').select('name').where('uplink_id', '=', uplink.id).executeTakeFirst();
    if (peer !== undefined) {
      const message = `uplink ${uplink.label} serves the peer ${peer.name}; remove that peer first`;
      throw new ServiceError('CONFLICT', message, { fields: { uplinks: message } });
    }
    await trx.deleteFrom('uplink').where('id', '=', uplink.id).execute();
  }
  const taken = new Set(
    inputs.flatMap((input) => input.port ?? present.find((one) => one.id === input.id)?.port ?? []),
  );
  for (const [position, input] of inputs.entries()) {
    const before = present.find((one) => one.id === input.id);
    const values = {
      position,
      label: input.label,
      interface: input.interface,
      domain: input.domain ?? before?.domain ?? 'internet',
      cost: input.cost ?? before?.cost ?? 10,
      port: input.port ?? before?.port ?? freePort(taken),
      bits_per_second: input.bitsPerSecond === undefined ? (before?.bits_per_second ?? null) : input.bitsPerSecond,
      public_endpoints: input.publicEndpoints
        ? JSON.stringify(input.publicEndpoints)
        : (before?.public_endpoints ?? '[]'),
      probe_targets: input.probeTargets
        ? JSON.stringify([...new Set(input.probeTargets)])
        : (before?.probe_targets ?? '[]'),
    };
    if (before !== undefined) await trx.updateTable('uplink').set(values).where('id', '=', before.id).execute();
    else {
      const fresh = {
        id: newId('uplink'),
        organisation,
        edge_id: edgeId,
        reported_endpoints: '[]',
        public_key: null,
        state: null,
        is_drained: 0,
      };
      await trx
        .insertInto('uplink')
        .values({ ...values, ...fresh })
        .execute();
    }
  }
}

function freePort(taken: Set<number>): number {
  let port = FIRST_PORT;
  while (taken.has(port)) port++;
  taken.add(port);
  return port;
}
