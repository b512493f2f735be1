/** The edges of the lab: one supervised `patronus edge` in each gateway's namespace. */
import type { ProcessStatus } from './control.ts';
import type { Report, UpOptions } from './lab.ts';
import type { Layout } from './layout.ts';
import type { LabPaths } from './state.ts';

export interface Edges {
  readonly controllerSocket: string | undefined;
  readonly controllerUrl: string | undefined;
  processes(): ProcessStatus[];
  stop(): Promise<void>;
}

export const noEdges: Edges = {
  controllerSocket: undefined,
  controllerUrl: undefined,
  processes: () => [],
  stop: async () => {},
};

export interface EdgesOptions extends UpOptions {
  readonly layout: Layout;
  readonly paths: LabPaths;
}

export async function startEdges(_options: EdgesOptions, _report: Report): Promise<Edges> {
  return noEdges;
}
