/** `patronus policy …`: the verbs on policies, one file each. */
import { Command } from 'commander';
import { policyAdd } from './policyAdd.ts';
import { policyList } from './policyList.ts';
import { policyRemove } from './policyRemove.ts';
import { policySet } from './policySet.ts';

export function policy(): Command {
  const command = new Command('policy').description('list, add, change and remove policies');
  for (const verb of [policyList, policyAdd, policySet, policyRemove]) command.addCommand(verb());
  return command.addHelpText(
    'after',
    '\nThe first policy that matches the first packet of a flow is the flow’s. What none matches takes\nthe cheapest path and is never compressed.',
  );
}
