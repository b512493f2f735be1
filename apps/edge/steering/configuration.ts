/** From the configuration to what steering goes by. Pure. */
import type { Configuration, SlaClassConfiguration } from '@patronus/protocol';
import { defaultThresholds, type SlaBounds, type SteeringConfiguration } from '@patronus/steering';

/** Beyond the detection time of an idle tunnel, which is when its failure is known for sure. */
const SUSPICION_MARGIN_MS = 500;

/** `digest`: SHA-256 of what was signed, hex. */
export function steeringConfiguration(configuration: Configuration, digest: string): SteeringConfiguration {
  const { bfd, slaClasses, steering = {}, tunnels, treatments, uplinks, version } = configuration;
  const uplinkOf = new Map(uplinks.map((uplink) => [uplink.id, uplink]));
  const suspicionMs = bfd.idleIntervalMs * bfd.multiplier + SUSPICION_MARGIN_MS;
  return {
    hash: digest,
    version,
    tunnels: tunnels.map(({ id, uplinkId, remote, cost, isDrained, family }) => {
      const bitsPerSecond = uplinkOf.get(uplinkId)?.bitsPerSecond;
      return {
        ...{ id, edgeId: remote.edgeId, cost, isDrained, family, uplinkId, remoteUplinkId: remote.uplinkId },
        label: uplinkOf.get(uplinkId)?.label ?? uplinkId,
        remoteLabel: remote.label === '' ? remote.uplinkId : remote.label,
        ...(bitsPerSecond === undefined ? {} : { bitsPerSecond }),
      };
    }),
    treatments: treatments.map(({ id, slaClassId, path }) => ({
      id,
      sla: boundsOf(slaClasses.find((one) => one.id === slaClassId)),
      path,
    })),
    thresholds: { ...defaultThresholds, suspicionMs, ...known(steering) },
  };
}

/** What is given, and nothing that is not. */
function known<Value extends object>(given: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}

function boundsOf(slaClass: SlaClassConfiguration | undefined): SlaBounds | null {
  if (slaClass === undefined) return null;
  const { roundTripMs, jitterMs, loss, mos } = slaClass;
  return { roundTripMs, jitterMs, loss, mos };
}
