/** `patronus site …`: the verbs on sites, one file each. */
import { Command } from 'commander';
import { siteAdd } from './siteAdd.ts';
import { siteList } from './siteList.ts';
import { siteRemove } from './siteRemove.ts';
import { siteShow } from './siteShow.ts';
import { siteToken } from './siteToken.ts';

export function site(): Command {
  const command = new Command('site').description('list, show, add and remove sites');
  for (const verb of [siteList, siteShow, siteAdd, siteRemove, siteToken]) command.addCommand(verb());
  return command;
}
