import { parsePrefix, prefixCovers } from '@patronus/net';
import { wireguardKeySchema } from '@patronus/protocol';
import { z } from 'zod';
import { hostPrefixOf } from '../network/network.ts';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import { idSchema, nameSchema } from './input.ts';
import { requireSite } from './sites.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  siteId: idSchema,
  name: nameSchema,
  publicKey: wireguardKeySchema,
  address: z
    .string()
    .max(64)
    .refine((text) => hostPrefixOf(text) !== undefined, 'one address, such as 10.1.0.200'),
  uplinkId: idSchema.nullish(),
  presharedKey: wireguardKeySchema.nullish(),
});

/**
 * Lets a stock WireGuard peer into a site, with an address of the site's LANs or one that no site holds. An address of
 * another site's LAN is refused: traffic for it would go to two places.
 */
export const addPeer: Verb<z.infer<typeof input>, { peerId: string }> = {
  action: 'peer.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name }) => name,
  async run(work, peer) {
    const { trx, organisation, now } = work;
    const site = await requireSite(work, peer.siteId);
    work.about(`${peer.name} at ${site.name}`);
    const address = hostPrefixOf(peer.address)!;
    const holders = await trx
      .selectFrom('site_prefix')
      .innerJoin('site', 'site.id', 'site_prefix.site_id')
      .select(['site_prefix.prefix', 'site.id', 'site.name'])
      .where('site.organisation', '=', organisation)
      .execute();
    const covering = holders.filter(({ prefix }) => covers(prefix, address));
    const holder = covering.find(({ id }) => id !== site.id);
    if (holder !== undefined && !covering.some(({ id }) => id === site.id)) {
      const why = `${address} lies in ${holder.prefix}, a LAN of ${holder.name}`;
      const message = `${why}; choose an address of ${site.name}'s LANs, or one that no site holds`;
      throw new ServiceError('INVALID_INPUT', message, { fields: { address: why } });
    }
    const others = await trx.selectFrom('peer').selectAll().where('organisation', '=', organisation).execute();
    const same = others.find((other) => other.address === address || other.public_key === peer.publicKey);
    if (same !== undefined) {
      const what = same.address === address ? `the address ${address}` : 'this public key';
      throw new ServiceError('CONFLICT', `${peer.name}: ${what} is already ${same.name}'s; each peer needs its own`);
    }
    const uplinks = await trx
      .selectFrom('uplink')
      .innerJoin('edge', 'edge.id', 'uplink.edge_id')
      .select(['uplink.id', 'uplink.label', 'uplink.public_key'])
      .where('edge.site_id', '=', site.id)
      .orderBy('uplink.cost')
      .orderBy('uplink.position')
      .execute();
    const uplink = peer.uplinkId == null ? uplinks[0] : uplinks.find((one) => one.id === peer.uplinkId);
    if (uplink === undefined) throw new ServiceError('NOT_FOUND', `${site.name} has no uplink ${peer.uplinkId ?? ''}`);
    const peerId = newId('peer');
    await trx
      .insertInto('peer')
      .values({
        id: peerId,
        organisation,
        site_id: site.id,
        uplink_id: uplink.id,
        name: peer.name,
        public_key: peer.publicKey,
        preshared_key: peer.presharedKey ?? null,
        address,
        created_at: now,
      })
      .execute();
    return { peerId };
  },
};

function covers(prefix: string, host: string): boolean {
  const [outer, inner] = [parsePrefix(prefix), parsePrefix(host)];
  return outer.ok && inner.ok && prefixCovers(outer.value, inner.value);
}
