import { z } from 'zod';
import { BGP_SETTING } from '../network/bgp.ts';
import { idSchema } from './input.ts';
import { readSetting, writeSetting } from './settings.ts';
import { requireSite } from './sites.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  as: z.int().min(0).max(0xffff_ffff).nullish(),
  reflectorSiteIds: z.array(idSchema).max(64).nullish(),
});

/** Changes the fabric's own AS number, and which sites reflect; what is left out stays. Sessions begin anew. */
export const updateBgp: Verb<z.infer<typeof input>, Record<string, never>> = {
  action: 'bgp.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ as, reflectorSiteIds }) =>
    [as == null ? [] : `AS ${as}`, reflectorSiteIds == null ? [] : `reflectors ${reflectorSiteIds.join(' ') || 'none'}`]
      .flat()
      .join(', '),
  async run(work, { as, reflectorSiteIds }) {
    const { trx, organisation } = work;
    if (as != null) {
      const before = await readSetting(trx, organisation, BGP_SETTING);
      await writeSetting(trx, organisation, BGP_SETTING, { ...before, as });
    }
    if (reflectorSiteIds != null) {
      for (const id of reflectorSiteIds) await requireSite(work, id);
      await trx.updateTable('site').set({ is_reflector: 0 }).where('organisation', '=', organisation).execute();
      if (reflectorSiteIds.length > 0) {
        await trx.updateTable('site').set({ is_reflector: 1 }).where('id', 'in', reflectorSiteIds).execute();
      }
    }
    return {};
  },
};
