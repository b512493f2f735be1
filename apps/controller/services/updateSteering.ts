import type { SteeringFigures } from '@patronus/fabric';
import { steeringSchema } from '@patronus/protocol';
import { z } from 'zod';
import { STEERING_SETTING } from '../network/network.ts';
import { usualThresholds, withFigures } from '../network/thresholds.ts';
import { ServiceError } from './error.ts';
import { changeWords, readSetting, writeSetting } from './settings.ts';
import type { Verb } from './verb.ts';

const { shape } = steeringSchema;
const names = Object.keys(shape) as (keyof typeof shape)[];
const input = z.strictObject(
  Object.fromEntries(names.map((name) => [name, shape[name].nullish()])) as {
    readonly [Name in keyof typeof shape]: z.ZodOptional<z.ZodNullable<(typeof shape)[Name]>>;
  },
);

/** Changes the figures of path choice at every edge; null goes back to what Patronus comes with. */
export const updateSteering: Verb<z.infer<typeof input>, Record<string, never>> = {
  action: 'steering.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: changeWords,
  async run({ trx, organisation, core }, change) {
    const wanted: Record<string, unknown> = { ...(await readSetting(trx, organisation, STEERING_SETTING)), ...change };
    // In one order whatever the history, so that equal figures compile to equal bytes.
    const kept = names.flatMap((name) => (wanted[name] == null ? [] : [[name, wanted[name]]]));
    const figures: SteeringFigures = Object.fromEntries(kept);
    refuse(withFigures(usualThresholds(core.network.current.bfd), figures), change);
    await writeSetting(trx, organisation, STEERING_SETTING, figures);
    return {};
  },
};

/** The hold grows with each failure: its end cannot lie below its beginning. Told at the field that was changed. */
function refuse({ holdMs, longestHoldMs }: ReturnType<typeof withFigures>, change: object): void {
  if (holdMs <= longestHoldMs) return;
  const message = `holdMs is ${holdMs} and longestHoldMs ${longestHoldMs}: a hold cannot be longer than the longest`;
  const field = 'holdMs' in change ? 'holdMs' : 'longestHoldMs';
  throw new ServiceError('INVALID_INPUT', message, { fields: { [field]: message } });
}
