/** `patronus bgp …`: whom gateways speak BGP with, the speaker that stands alone, and what helps to understand BGP. */
import { Command } from 'commander';
import { bgpAllow } from './bgpAllow.ts';
import { bgpClear, bgpEnable, bgpShutdown } from './bgpControl.ts';
import { bgpDecode } from './bgpDecode.ts';
import { bgpFabric } from './bgpFabric.ts';
import { bgpMrt } from './bgpMrt.ts';
import { bgpNeighbor } from './bgpNeighbor.ts';
import { bgpReload } from './bgpReload.ts';
import { bgpRoutes } from './bgpRoutes.ts';
import { bgpCheck, bgpRun } from './bgpRun.ts';
import { bgpShow } from './bgpShow.ts';

export function bgp(): Command {
  const command = new Command('bgp').description(
    'routers that gateways speak BGP with; a speaker by itself; messages and MRT files',
  );
  const ofGateways = [bgpNeighbor, bgpAllow, bgpFabric, bgpRoutes];
  const ofSpeaker = [bgpRun, bgpCheck, bgpReload, bgpShow, bgpClear, bgpShutdown, bgpEnable];
  for (const verb of [...ofGateways, ...ofSpeaker, bgpDecode, bgpMrt]) command.addCommand(verb());
  return command;
}
