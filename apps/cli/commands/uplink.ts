/** `patronus uplink …`: taking uplinks out of service and back, and what tells whether they reach the internet. */
import { Command } from 'commander';
import { uplinkDrain, uplinkUndrain } from './uplinkDrain.ts';
import { uplinkProbe } from './uplinkProbe.ts';

export function uplink(): Command {
  return new Command('uplink')
    .description(
      'take an uplink of a site out of service or put it back, and name hosts that tell whether it reaches the internet',
    )
    .addCommand(uplinkDrain())
    .addCommand(uplinkUndrain())
    .addCommand(uplinkProbe());
}
