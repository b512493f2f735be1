/** `steering` and `updateSteering`: the figures that every edge chooses its paths by. */
import type { Thresholds } from '@patronus/steering';
import { usualThresholds, withFigures } from '../network/thresholds.ts';
import { updateSteering } from '../services/updateSteering.ts';
import { builder, type GraphContext } from './builder.ts';
import { run } from './mutations.ts';

interface SteeringView extends Thresholds {
  readonly own: readonly string[];
}

const steeringRef = builder.objectRef<SteeringView>('Steering');
steeringRef.implement({
  description: 'The figures that every edge chooses its paths by.',
  fields: (t) => ({
    holdMs: t.exposeFloat('holdMs', {
      description: 'A path that failed is taken back after it was sound for so long.',
    }),
    longestHoldMs: t.exposeFloat('longestHoldMs', { description: 'The hold doubles with each failure, up to this.' }),
    forgiveMs: t.exposeFloat('forgiveMs', { description: 'So long without a failure halves the hold.' }),
    mostReturns: t.exposeInt('mostReturns', {
      description: 'Returns to an uplink that keeps failing, in returnWindowMs.',
    }),
    returnWindowMs: t.exposeFloat('returnWindowMs'),
    leastGainMs: t.exposeFloat('leastGainMs', {
      description: 'Between good paths a switch has to gain this and leastGainRatio.',
    }),
    leastGainRatio: t.exposeFloat('leastGainRatio', { description: '0 to 1 of the present.' }),
    leastRelief: t.exposeFloat('leastRelief', { description: 'Where all miss their bounds: by so much less, 0 to 1.' }),
    dwellMs: t.exposeFloat('dwellMs', { description: 'Between two moves that only measurements ask for.' }),
    recoveryMs: t.exposeFloat('recoveryMs', {
      description: 'A path that broke its bounds counts as bad for so long after the last evidence.',
    }),
    suspicionMs: t.exposeFloat('suspicionMs', {
      description: 'What shares an uplink with a path that failed is taken last for so long.',
    }),
    confidence: t.exposeFloat('confidence', {
      description: 'Standard deviations by which a loss has to be beyond its bound.',
    }),
    lossReports: t.exposeInt('lossReports', { description: 'Reports in a row that have to show a loss.' }),
    delayReports: t.exposeInt('delayReports', { description: 'The same for delay and jitter.' }),
    ownFigures: t.stringList({
      description: 'Names of those that somebody set; the others are as Patronus comes.',
      resolve: ({ own }) => [...own],
    }),
  }),
});

/** Also what a what-if may change. */
export const thresholdsInput = builder.inputType('SteeringThresholdsInput', {
  description: 'Figures of path choice; left out: as they are.',
  fields: (t) => ({
    holdMs: t.float({ description: 'A path that failed is taken back after it was sound for so long.' }),
    longestHoldMs: t.float({ description: 'The hold doubles with each failure, up to this.' }),
    forgiveMs: t.float({ description: 'So long without a failure halves the hold.' }),
    mostReturns: t.int({ description: 'Returns to an uplink that keeps failing, in returnWindowMs.' }),
    returnWindowMs: t.float(),
    leastGainMs: t.float({ description: 'Between good paths a switch has to gain this and leastGainRatio.' }),
    leastGainRatio: t.float({ description: '0 to 1 of the present.' }),
    leastRelief: t.float({ description: 'Where all miss their bounds: by so much less, 0 to 1.' }),
    dwellMs: t.float({ description: 'Between two moves that only measurements ask for.' }),
    recoveryMs: t.float({
      description: 'A path that broke its bounds counts as bad for so long after the last evidence.',
    }),
    suspicionMs: t.float({ description: 'What shares an uplink with a path that failed is taken last for so long.' }),
    confidence: t.float({ description: 'Standard deviations by which a loss has to be beyond its bound.' }),
    lossReports: t.int({ description: 'Reports in a row that have to show a loss.' }),
    delayReports: t.int({ description: 'The same for delay and jitter.' }),
  }),
});
const updateInput = builder.inputType('UpdateSteeringInput', {
  description: 'As SteeringThresholdsInput; null goes back to what Patronus comes with, left out stays.',
  fields: (t) => ({
    holdMs: t.float(),
    longestHoldMs: t.float(),
    forgiveMs: t.float(),
    mostReturns: t.int(),
    returnWindowMs: t.float(),
    leastGainMs: t.float(),
    leastGainRatio: t.float(),
    leastRelief: t.float(),
    dwellMs: t.float(),
    recoveryMs: t.float(),
    suspicionMs: t.float(),
    confidence: t.float(),
    lossReports: t.int(),
    delayReports: t.int(),
  }),
});
const payload = builder.objectRef<{ steering: SteeringView }>('SteeringPayload');
payload.implement({ fields: (t) => ({ steering: t.field({ type: steeringRef, resolve: (one) => one.steering }) }) });

function viewOf({ core }: GraphContext): SteeringView {
  const { bfd, steering } = core.network.current;
  return { ...withFigures(usualThresholds(bfd), steering), own: Object.keys(steering) };
}

export function defineSteering(): void {
  builder.queryFields((t) => ({
    steering: t.field({ type: steeringRef, resolve: (_, __, context) => viewOf(context) }),
  }));
  builder.mutationFields((t) => ({
    updateSteering: t.field({
      type: payload,
      description: 'Changes the figures at every edge. `whatIf` tells before what they would have done.',
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: async (_, { input }, context) => {
        await run(context, updateSteering, input);
        return { steering: viewOf(context) };
      },
    }),
  }));
}
