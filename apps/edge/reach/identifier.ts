import type { Configuration } from '@patronus/protocol';

/** Away from what `ping` usually takes; whoever else has it is told apart by what the requests carry. */
const first = 0x7000;
const range = 0x8000;

/** Of the echo requests that ask for the LAN behind this edge: another one for each, the same wherever it is asked for. */
export function reachIdentifier({ edges }: Pick<Configuration, 'edges'>, edgeId: string): number {
  return first + (edges.findIndex(({ id }) => id === edgeId) % range);
}
