/** Flows that are watched while something else happens: who moved with a reason, along with others, or without. */
import { execFileSync } from 'node:child_process';
import { type Gateway, uplinkNames } from '../../test/interop/fixtures/edgeWorld.ts';
import type { Cleanup } from '../../test/interop/fixtures/twoSites.ts';
import type { Uplink } from './carriers.ts';
import { FlowWatch, flowsBetween, LengthCounter, type Place, startFlows } from './flows.ts';
import { coreEnd } from './wires.ts';

/** Flows between all gateways, seen in the core: by which wires they come from one and go to the other. */
export class Watched {
  wrongly = 0;
  rightly = 0;
  along = 0;
  readonly #places: readonly Place[];
  readonly #flows: FlowWatch;
  readonly #tell: (text: string) => void;
  /** Where they were before anything happened: who is elsewhere has yet to come back, and that takes its time. */
  #origins: readonly ReadonlySet<number>[] = [];
  #homes: readonly ReadonlySet<number>[] = [];
  /** They have moved, or are on their way back. */
  #excused = new Set<number>();

  constructor(context: Cleanup, gateways: readonly Gateway[], tell: (text: string) => void) {
    this.#tell = tell;
    this.#places = gateways.flatMap((gateway) =>
      uplinkNames.flatMap((_, order) =>
        (['ingress', 'egress'] as const).map((hook) => ({ hook, device: coreEnd(gateway, order) })),
      ),
    );
    // Otherwise the wire carries several datagrams as one, which has another length.
    for (const gateway of gateways) {
      for (const uplink of uplinkNames) gateway.run('ethtool', '-K', uplink, 'tx-udp-segmentation', 'off');
    }
    const flows = flowsBetween(gateways.map(({ namespace, lanAddress }) => ({ namespace, address: lanAddress })));
    startFlows(context, flows);
    const nft = (...args: string[]) => execFileSync('nft', args, { encoding: 'utf8' });
    this.#flows = new FlowWatch(flows, [new LengthCounter(nft, this.#places)]);
  }

  /** Where flows were seen so far says nothing of where they belong. */
  forget(): void {
    this.#flows.look();
    this.#origins = this.#homes = [];
    this.#excused = new Set();
  }

  /**
   * Nothing is wrong, and has not been for a while: where flows are seen now is where they belong. Answers how many were
   * seen elsewhere meanwhile without a reason.
   */
  begin(): number {
    const before = this.wrongly;
    const places = this.#flows.look();
    for (const [at, now] of places.entries()) if (!this.#excused.has(at)) this.#judge(at, now);
    if (this.#origins.length === 0) this.#origins = places;
    this.#homes = places;
    this.#excused = new Set(places.keys().filter((at) => this.#isElsewhere(at, places[at]!, this.#origins)));
    return this.wrongly - before;
  }

  /**
   * So many flows were seen elsewhere while what came to this gateway by this uplink was bad, and had no reason. Where it was
   * `silent` at first, both ends leave it.
   */
  end(gateway: Gateway, uplink: Uplink, isSilent: boolean): number {
    const device = coreEnd(gateway, uplinkNames.indexOf(uplink));
    const placeOf = (hook: Place['hook']) =>
      this.#places.findIndex((place) => place.hook === hook && place.device === device);
    const [bad, back] = [placeOf('egress'), placeOf('ingress')];
    const before = this.wrongly;
    const returning = new Set(this.#excused);
    for (const [at, now] of this.#flows.look().entries()) {
      const moved = this.#isElsewhere(at, now) ? 1 : 0;
      if (this.#homes[at]?.has(bad)) this.rightly += moved;
      else if (isSilent && this.#homes[at]?.has(back)) this.along += moved;
      else {
        if (!returning.has(at)) this.#judge(at, now);
        continue;
      }
      this.#excused.add(at);
    }
    return this.wrongly - before;
  }

  #judge(at: number, now: ReadonlySet<number>): void {
    if (!this.#isElsewhere(at, now)) return;
    this.wrongly += 1;
    this.#excused.add(at);
    const { from, address, port } = this.#flows.flows[at]!;
    const named = (places: ReadonlySet<number>) => [...places].map((place) => this.#places[place]!.device).join(' ');
    this.#tell(`${from.address} to ${address}, port ${port}: ${named(this.#homes[at]!)}, then ${named(now)}`);
  }

  /** A flow that was not seen before has no home yet. */
  #isElsewhere(at: number, now: ReadonlySet<number>, homes = this.#homes): boolean {
    const home = homes[at] ?? new Set();
    return home.size > 0 && [...now].some((place) => !home.has(place));
  }
}
