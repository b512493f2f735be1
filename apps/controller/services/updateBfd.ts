import { DEFAULT_BFD } from '@patronus/fabric';
import { bfdTimersSchema } from '@patronus/protocol';
import { z } from 'zod';
import { BFD_SETTING } from '../network/network.ts';
import { ServiceError } from './error.ts';
import { changeWords, readSetting, writeSetting } from './settings.ts';
import type { Verb } from './verb.ts';

const { shape } = bfdTimersSchema;
const input = z.object({
  intervalMs: shape.intervalMs.nullish(),
  realtimeIntervalMs: shape.realtimeIntervalMs.nullish(),
  idleIntervalMs: shape.idleIntervalMs.nullish(),
  multiplier: shape.multiplier.nullish(),
  suspectsSilence: z.boolean().nullish(),
});

/** Changes how the failure of a tunnel is noticed; null goes back to what Patronus comes with. */
export const updateBfd: Verb<z.infer<typeof input>, Record<string, never>> = {
  action: 'bfd.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: changeWords,
  async run({ trx, organisation }, change) {
    const before = await readSetting(trx, organisation, BFD_SETTING);
    const kept = Object.entries({ ...before, ...change }).filter(([, value]) => value != null);
    const timers = { ...DEFAULT_BFD, ...Object.fromEntries(kept) };
    // The slower ones are for tunnels that matter less; the other way round nobody means.
    for (const [fast, slow] of [
      ['realtimeIntervalMs', 'intervalMs'],
      ['intervalMs', 'idleIntervalMs'],
    ] as const) {
      if (timers[fast] <= timers[slow]) continue;
      const message = `${fast} is ${timers[fast]} ms and ${slow} ${timers[slow]} ms: the first has to be the shorter one`;
      throw new ServiceError('INVALID_INPUT', message, { fields: { [fast]: message } });
    }
    await writeSetting(trx, organisation, BFD_SETTING, Object.fromEntries(kept));
    return {};
  },
};
