/**
 * The edges of the lab: one supervised `patronus edge` in each gateway's namespace, enrolled at the controller.
 *
 * An edge keeps its state in the lab's folder, so that a second `up` finds it enrolled. It is enrolled anew when it
 * has no identity yet, or when the controller does not know the one it has (its database was begun anew).
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatEnrolmentToken, parseEnrolmentToken } from '@patronus/protocol';
import type { ProcessStatus } from './control.ts';
import type { ControllerClient } from './controller-client.ts';
import { chooseController } from './controller-process.ts';
import { LabError } from './errors.ts';
import { enrolmentToken, ensureSite, type FabricSite, revokeEdge } from './fabric-queries.ts';
import type { Report, UpOptions } from './lab.ts';
import type { Layout, SiteLayout } from './layout.ts';
import type { LabPaths } from './state.ts';
import { type Supervised, supervise } from './supervisor.ts';

export interface Edges {
  readonly controllerSocket: string | undefined;
  processes(): ProcessStatus[];
  stop(): Promise<void>;
}

export const noEdges: Edges = { controllerSocket: undefined, processes: () => [], stop: async () => {} };

export interface EdgesOptions extends UpOptions {
  readonly layout: Layout;
  readonly paths: LabPaths;
}

const program = join(import.meta.dirname, '../edge/main.ts');
/** Shared by the edges of all labs: each would compile the same sources, and keep the compiler in its memory. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/patronus');

/** Makes the controller know the sites and starts their edges; does not wait for tunnels. */
export async function startEdges(
  { layout, paths, controllerSocket }: EdgesOptions,
  report: Report,
  signal: AbortSignal,
): Promise<Edges> {
  const { client, process: controller } = await chooseController(paths, controllerSocket, report, signal);
  const running: Supervised[] = controller === undefined ? [] : [controller];
  const stop = async () => {
    // The controller last, so that it hears the edges leave.
    await Promise.all(running.filter((each) => each !== controller).map((each) => each.stop()));
    await controller?.stop();
  };
  try {
    for (const site of layout.sites) {
      signal.throwIfAborted();
      const known = await ensureSite(client, site);
      checkUplinks(site, known);
      running.push(await startEdge(client, layout, site, known, paths));
    }
    report(`started ${layout.sites.length} edges`);
  } catch (error) {
    await stop();
    throw error;
  }
  const status = (each: Supervised) => ({ name: each.name, pid: each.pid(), restarts: each.restarts() });
  return { controllerSocket: client.socket, processes: () => running.map(status), stop };
}

async function startEdge(
  client: ControllerClient,
  layout: Layout,
  site: SiteLayout,
  known: FabricSite,
  paths: LabPaths,
): Promise<Supervised> {
  const state = join(paths.edges, site.name);
  const identity = join(state, 'identity.json');
  let token: string | undefined;
  if (!isEnrolled(identity, known)) {
    rmSync(state, { recursive: true, force: true });
    for (const edge of known.edges.filter((each) => each.state === 'ONLINE' || each.state === 'OFFLINE')) {
      await revokeEdge(client, edge.id);
    }
    token = reachableToken(await enrolmentToken(client, known.id), layout);
  }
  mkdirSync(state, { recursive: true, mode: 0o700 });
  return supervise({
    name: `edge ${site.name}`,
    command: 'ip',
    args: () => {
      const enrol = token === undefined || existsSync(identity) ? [] : ['--token', token];
      return ['netns', 'exec', site.namespace, process.execPath, program, 'run', '--state', state, ...enrol];
    },
    env: { NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: '1' },
    logFile: join(paths.logs, `edge-${site.name}.log`),
  });
}

/** Whether the identity in the edge's folder is one that the controller still trusts for this site. */
function isEnrolled(identity: string, known: FabricSite): boolean {
  try {
    const { edgeId } = JSON.parse(readFileSync(identity, 'utf8')) as { edgeId?: string };
    return known.edges.some((edge) => edge.id === edgeId && edge.state !== 'REVOKED' && edge.state !== 'PENDING');
  } catch {
    return false;
  }
}

/** From a gateway's namespace the controller is found at the lab's control address, whatever names it gives itself. */
export function reachableToken(text: string, { control }: Layout): string {
  const token = parseEnrolmentToken(text);
  const [first] = token?.u ?? [];
  if (token === undefined || first === undefined) {
    throw new LabError('lab.controller_odd', 'the controller gave an enrolment token that is none');
  }
  const port = new URL(first).port || '443';
  const here = `https://${control.rootAddress}:${port}`;
  return formatEnrolmentToken({ ...token, u: [here, ...token.u.filter((url) => url !== here)].slice(0, 8) });
}

/** A site of this name that was made for something else would leave its edge without uplinks, silently. */
function checkUplinks(site: SiteLayout, known: FabricSite): void {
  for (const uplink of site.uplinks) {
    if (known.uplinks.some((each) => each.label === uplink.label && each.interface === uplink.interface)) continue;
    throw new LabError(
      'lab.site_differs',
      `the controller's site ${site.name} has no uplink ${uplink.label} on ${uplink.interface}; remove it with \`patronus site remove ${site.name}\`, and the lab makes it anew`,
    );
  }
}
