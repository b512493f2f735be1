/** What gateways decided, out of their logs: why a stream left late, or a flow was seen where it should not be. */
import type { Gateway } from '../../test/interop/fixtures/edgeWorld.ts';

interface Line {
  /** ms since 1970, or in words of ISO 8601. */
  readonly time: number | string;
  readonly decision: number;
  readonly treatment: string;
  readonly edge: string;
  readonly rule: string;
  readonly msg: string;
}

export class Decisions {
  readonly #gateways: readonly Gateway[];
  readonly #read: number[];

  constructor(gateways: readonly Gateway[]) {
    this.#gateways = gateways;
    this.#read = gateways.map(({ output }) => output.length);
  }

  /** A line each since it was last asked, ms from `wallMs` on; what only orders those that stand by is left out. */
  since(wallMs: number): string[] {
    return this.#gateways.flatMap(({ id, output }, at) => {
      const lines = output.slice(this.#read[at]).split('\n');
      // The last may not be whole yet.
      this.#read[at] = output.length - lines.pop()!.length;
      return lines
        .filter((line) => line.includes('"decision":'))
        .map((line) => JSON.parse(line) as Line)
        .filter(({ rule }) => rule !== 'standby-order')
        .map(
          ({ time, treatment, edge, msg }) =>
            `    ${id} after ${new Date(time).getTime() - wallMs} ms, ${treatment} to ${edge}: ${msg}`,
        );
    });
  }
}
