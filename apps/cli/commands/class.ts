/** `patronus class …`: the verbs on traffic classes, one file each. */
import { Command } from 'commander';
import { classAdd } from './classAdd.ts';
import { classList } from './classList.ts';
import { classRemove } from './classRemove.ts';
import { classSet } from './classSet.ts';

export function trafficClass(): Command {
  const command = new Command('class').description('list, add, change and remove traffic classes');
  for (const verb of [classList, classAdd, classSet, classRemove]) command.addCommand(verb());
  return command.addHelpText(
    'after',
    '\nThe first class that matches the first packet of a flow is the flow’s. What none matches is never compressed.',
  );
}
