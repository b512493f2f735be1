/**
 * Keeps our table of nftables at what is desired, changing as little as that takes, and puts it back when another
 * program changed it.
 */
import { NetfilterMonitor } from '@patronus/system/linux';
import { sameChoice } from './choice.ts';
import { Nft } from './nft.ts';
import { choiceChange, internetPolicies, type LearntName, type RulesetPlan, removal, ruleset } from './ruleset.ts';

/** So that what another program changed is back within a second. */
const watchIntervalMs = 400;

export interface TableEvents {
  /** It had been changed, and was put back. */
  onRepaired(): void;
  onRefused(complaint: string): void;
  /** Addresses that a new table begins with. */
  learnt(): readonly LearntName[];
}

export class PolicyTable {
  readonly #events: TableEvents;
  readonly #nft = new Nft();
  readonly #monitor = new NetfilterMonitor();
  #plan: RulesetPlan | undefined;
  /** What the kernel was last given. Undefined: nothing, or what an earlier edge left. */
  #given: { readonly plan: RulesetPlan; readonly structure: string; readonly listing: string } | undefined;
  #mayBeThere = true;
  #mustLook = false;
  #watchTimer: NodeJS.Timeout | undefined;
  #settling: Promise<void> | undefined;
  #counted: ReadonlyMap<string, number> = new Map();
  /** Of tables that were replaced. */
  #before = new Map<string, number>();

  constructor(events: TableEvents) {
    this.#events = events;
  }

  /** Undefined: no table. Resolves once the kernel has it, or refused. */
  desire(plan: RulesetPlan | undefined): Promise<void> {
    this.#plan = plan;
    if (plan !== undefined) this.#watchTimer ??= setInterval(() => this.#watch(), watchIntervalMs);
    return this.#settle();
  }

  #watch(): void {
    if (!this.#monitor.drain() || this.#given === undefined) return;
    this.#mustLook = true;
    void this.#settle();
  }

  /** Packets and bytes by a counter's name and `.packets` or `.bytes`, since the edge's start. */
  async count(): Promise<ReadonlyMap<string, number>> {
    const counters = this.#given === undefined ? new Map() : await this.#nft.counters();
    const counted = new Map(this.#before);
    for (const [name, { packets, bytes }] of counters) {
      counted.set(`${name}.packets`, (counted.get(`${name}.packets`) ?? 0) + packets);
      counted.set(`${name}.bytes`, (counted.get(`${name}.bytes`) ?? 0) + bytes);
    }
    this.#counted = counted;
    return counted;
  }

  /** Takes the table away. */
  async stop(): Promise<void> {
    await this.desire(undefined);
    clearInterval(this.#watchTimer);
    this.#monitor.close();
  }

  /** Adds addresses to sets that are there. */
  async learn(elements: readonly string[]): Promise<void> {
    if (this.#given !== undefined) await this.#nft.apply(`${elements.join('\n')}\n`);
  }

  #settle(): Promise<void> {
    this.#settling ??= this.#work().finally(() => {
      this.#settling = undefined;
      // What was desired in the last moment.
      if (this.#plan !== this.#given?.plan && (this.#plan !== undefined || this.#mayBeThere)) void this.#settle();
    });
    return this.#settling;
  }

  async #work(): Promise<void> {
    for (;;) {
      const plan = this.#plan;
      if (plan === undefined) {
        if (!this.#mayBeThere) return;
        await this.#remove();
      } else if (plan !== this.#given?.plan) {
        if (!(await this.#give(plan))) return;
      } else if (this.#mustLook) {
        this.#mustLook = false;
        if ((await this.#nft.list()) === this.#given.listing) continue;
        this.#given = { ...this.#given, structure: '' };
        if (!(await this.#give(plan))) return;
        this.#events.onRepaired();
      } else return;
    }
  }

  async #remove(): Promise<void> {
    if ((await this.#nft.list()) !== '') await this.#nft.apply(removal);
    this.#given = undefined;
    this.#mayBeThere = false;
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
  }

  /** False: refused, and not tried again before something changes. */
  async #give(plan: RulesetPlan): Promise<boolean> {
    const structure = ruleset({ ...plan, choices: new Map(), learnt: [] });
    const given = this.#given;
    const isSame = given?.structure === structure;
    const moved = internetPolicies(plan.configuration).filter(
      ({ id, action }) => action === 'breakout' && !sameChoice(given?.plan.choices.get(id), plan.choices.get(id)),
    );
    if (isSame && moved.length === 0) {
      this.#given = { ...given!, plan };
      return true;
    }
    if (!isSame && given !== undefined) this.#before = new Map(await this.count());
    const { complaint } = await this.#nft.apply(
      isSame ? choiceChange(plan, moved) : ruleset({ ...plan, learnt: this.#events.learnt() }),
    );
    this.#mayBeThere = true;
    if (complaint !== undefined) this.#events.onRefused(complaint);
    // A refusal is not tried again and again: what is refused now is refused until something else is desired.
    const listing = await this.#nft.list();
    this.#given = { plan, structure: complaint === undefined ? structure : '', listing };
    return true;
  }

  get counted(): ReadonlyMap<string, number> {
    return this.#counted;
  }
}
