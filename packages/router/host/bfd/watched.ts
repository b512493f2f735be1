/** Which neighbours BFD watches over, and how far away they are. */
import { type SessionConfiguration, type Speaker, socketOptions } from '@patronus/bgp';
import type { RouterConfiguration } from '../../configuration/configuration.ts';
import type { BfdPeer } from './peer.ts';

export function watchedPeers({ bfd }: RouterConfiguration, speaker: Speaker): BfdPeer[] {
  return [...speaker.neighbours].flatMap(({ name, address, isDisabled, configuration }): BfdPeer[] => {
    const settings = bfd.get(configuration.name);
    if (settings === undefined || isDisabled) return [];
    const { intervalMs, multiplier, isPassive, isMultihop = mayBeFar(configuration.session) } = settings;
    const { localAddress, device } = configuration;
    return [
      {
        ...{ id: name, address, isMultihop, isPassive, intervalMs, multiplier },
        ...(localAddress === undefined ? {} : { localAddress }),
        ...(device === undefined ? {} : { device }),
      },
    ];
  });
}

/** As far as BGP may go to reach it: an external neighbour is on our wire unless it is said otherwise. */
function mayBeFar(session: SessionConfiguration): boolean {
  return (session.ttlSecurityHops ?? socketOptions(session).ttl) > 1;
}
