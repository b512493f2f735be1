/** A neighbour, and the speaker as a whole, as people and programs are told of them. */
import { formatAddress } from '@patronus/net';
import { capabilityOf } from '../codec/capabilities.ts';
import { familyName } from '../codec/families.ts';
import { dotted } from '../describe/attributes.ts';
import { describeCapability } from '../describe/message.ts';
import { lastErrorInWords } from '../session/reasons.ts';
import type { SpeakerConfiguration } from './configuration.ts';
import type { Neighbour } from './neighbour.ts';
import type { NeighbourReport, SummaryReport } from './reports.ts';
import { ribFamilies, type SpeakerRoutes } from './routes.ts';

export function neighbourReport(neighbour: Neighbour, routes: SpeakerRoutes, nowMs: number): NeighbourReport {
  const { session, name, address, isDisabled } = neighbour;
  const { negotiated, lastDown, lastReason, establishedAtMs } = session;
  const { peerAs } = session.configuration;
  const notification = (lastDown ?? lastReason)?.notification ?? null;
  const families = new Set([...(negotiated?.families ?? []), ...session.staleFamilies]);
  return {
    ...{ name, address: formatAddress(address), isDisabled, state: session.state },
    as: negotiated?.peerAs ?? (typeof peerAs === 'number' ? peerAs : null),
    identifier: negotiated === undefined ? null : dotted(negotiated.peerIdentifier),
    upForMs: establishedAtMs === undefined ? null : Math.round(nowMs - establishedAtMs),
    ...{ establishedCount: session.establishedCount, flaps: session.downCount },
    holdTimeS: negotiated?.holdTimeS ?? null,
    families: [...families].map((family) => ({
      family: familyName(family),
      received: routes.received(neighbour, family),
      isStale: session.staleFamilies.includes(family),
      sent: routes.sent(neighbour, family),
      isWaiting: routes.hasUpdates(neighbour),
    })),
    capabilities: (negotiated?.peerCapabilities ?? []).map(describeCapability),
    hostName: negotiated?.peerHostName ?? null,
    software: negotiated?.peerSoftware ?? null,
    role: capabilityOf(negotiated?.peerCapabilities ?? [], 9)?.role ?? null,
    receivedUpdates: session.receivedUpdates,
    lastError: lastErrorInWords(session.state, lastDown, lastReason),
    lastCode: notification === null ? null : [notification.code, notification.subcode],
  };
}

export function summaryReport(
  { as, identifier }: SpeakerConfiguration,
  neighbours: readonly Neighbour[],
  { rib }: SpeakerRoutes,
): SummaryReport {
  return {
    ...{ as, identifier: dotted(identifier), neighbours: neighbours.length },
    established: neighbours.filter(({ session }) => session.state === 'Established').length,
    families: ribFamilies.flatMap((family) => {
      const table = rib.family(family);
      if (table === undefined || table.routeCount === 0) return [];
      return [{ family: familyName(family), prefixes: table.prefixes.count, routes: table.routeCount }];
    }),
    ...{ attributeSets: rib.attributeSets, bytes: rib.bytes },
  };
}
