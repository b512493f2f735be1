import { z } from 'zod';
import { ServiceError } from './error.ts';
import { idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Says that someone has seen it; the alarm stays until its cause is gone. A plain notice ends with it. */
export const acknowledgeAlarm: Verb<z.infer<typeof input>, { alarmId: string }> = {
  action: 'alarm.acknowledge',
  input,
  changes: ['alarms'],
  subject: ({ id }) => id,
  async run(work, { id }) {
    const { core, now } = work;
    const alarm = core.alarms.all().find((one) => one.id === id);
    if (alarm === undefined) throw new ServiceError('NOT_FOUND', `there is no alarm ${id}`);
    work.about(alarm.code);
    await core.alarms.acknowledge(work.trx, id, now);
    return { alarmId: id };
  },
};
