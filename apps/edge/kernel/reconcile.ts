/**
 * Keeps the kernel at what is desired. Whatever another program changes is put back within a second (hardening, fault
 * 17): the kernel tells of changes, a moment is waited for those that come together, and everything is compared every
 * 10 s all the same, for what is not told of.
 */
import type { Configuration } from '@patronus/protocol';
import { systemClock } from '@patronus/system/linux';
import { type Learned, type LearnedChange, nothingLearned } from '../bgp/learned.ts';
import { type Desired, desiredKernel, learnedRoutes } from './desired.ts';
import { type Difference, difference, isEmpty, noDifference } from './difference.ts';
import type { Kernel } from './kernel.ts';
import { type NetworkView, type UplinkView, viewUplinks } from './uplinks.ts';

/** From the first word of a change to looking. A program that flushes and builds anew seldom takes longer. */
export const settleMs = 50;
export const fullIntervalMs = 10_000;
const msPerRoute = 5;
/** So that what was changed is back within a second still. */
const mostRestMs = 600;

export interface Reconciled {
  readonly uplinks: readonly UplinkView[];
  /** What someone else had taken out or added, put back now. */
  readonly repaired: Difference | undefined;
  readonly complaints: readonly string[];
}

export class Reconciler {
  readonly #kernel: Kernel;
  #configuration: Configuration | undefined;
  #numbers: Readonly<Record<string, number>> = {};
  #tunIndex: number | undefined;
  #learned: Learned = nothingLearned;
  #uplinks: readonly UplinkView[] = [];
  #network: NetworkView = { links: [], addresses: [], mainRoutes: [] };
  /** What was in the kernel when we last left it. */
  #left: Desired | undefined;
  #restUntil = Number.NEGATIVE_INFINITY;
  #comparedAt = Number.NEGATIVE_INFINITY;
  /** Longer where there is much to compare, so that this takes a small part of the time. */
  #fullIntervalMs = fullIntervalMs;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get uplinks(): readonly UplinkView[] {
    return this.#uplinks;
  }

  /** As it was last read. */
  get network(): NetworkView {
    return this.#network;
  }

  /** Sets what is desired from here on; it is applied by the next `reconcile`. */
  desire(configuration: Configuration, numbers: Readonly<Record<string, number>>, tunIndex: number | undefined): void {
    this.#configuration = configuration;
    this.#numbers = numbers;
    this.#tunIndex = tunIndex;
    this.#left = undefined;
  }

  /** What BGP brought: the kernel is told of what changed, at once. The complaints. */
  learn({ all, set, gone }: LearnedChange): readonly string[] {
    this.#learned = all;
    if (this.#configuration === undefined || this.#tunIndex === undefined) return [];
    // The next comparison finds what we did ourselves.
    this.#left = undefined;
    const [configuration, tunIndex] = [this.#configuration, this.#tunIndex];
    const removeRoutes = learnedRoutes(configuration, tunIndex, gone);
    return this.#kernel.apply({
      ...noDifference,
      setRoutes: learnedRoutes(configuration, tunIndex, set),
      removeRoutes,
    });
  }

  /** How long to wait before `watch`: with `hasNews` until it may look again, else until all is compared. */
  nextInMs(nowMs: number, hasNews: boolean): number {
    const restMs = this.#restUntil - nowMs;
    return hasNews
      ? Math.max(settleMs, restMs)
      : Math.max(settleMs, restMs, this.#comparedAt + this.#fullIntervalMs - nowMs);
  }

  /** Undefined when there was no reason to look. `nowMs` is monotonic. */
  watch(nowMs: number): Reconciled | undefined {
    // Beside a daemon that changes thousands of routes a second, reading them may take a fifth of the time, no more.
    if (nowMs < this.#restUntil) return undefined;
    const isDue = nowMs - this.#comparedAt >= this.#fullIntervalMs;
    return this.#kernel.hasChanged() || isDue ? this.reconcile(nowMs) : undefined;
  }

  /** Takes out everything but what fails closed; the edge stops. */
  leave(configuration: Configuration, nowMs: number): void {
    this.desire({ ...configuration, uplinks: [] }, {}, undefined);
    this.reconcile(nowMs);
  }

  /** Compares and applies. Undefined before there is anything to desire. */
  reconcile(nowMs: number): Reconciled | undefined {
    if (this.#configuration === undefined) return undefined;
    this.#comparedAt = nowMs;
    const startedAt = systemClock.monotonicMs();
    const view = this.#kernel.view();
    this.#network = view;
    this.#uplinks = viewUplinks(this.#configuration.uplinks, this.#numbers, view, this.#uplinks);
    const desired = desiredKernel(this.#configuration, this.#uplinks, this.#tunIndex, view.addresses, this.#learned);
    const changes = difference(desired, this.#kernel.present());
    const wasTouched = this.#left !== undefined && isSame(this.#left, desired) && !isEmpty(changes);
    const complaints = isEmpty(changes) ? [] : this.#kernel.apply(changes);
    const tookMs = systemClock.monotonicMs() - startedAt;
    this.#restUntil = nowMs + tookMs + Math.min(mostRestMs, 4 * tookMs);
    this.#fullIntervalMs = Math.max(fullIntervalMs, desired.routes.length * msPerRoute);
    this.#left = complaints.length === 0 ? desired : undefined;
    return { uplinks: this.#uplinks, repaired: wasTouched ? changes : undefined, complaints };
  }
}

/** Desires are made anew each time, in the same order from the same facts. */
function isSame(a: Desired, b: Desired): boolean {
  return isEmpty(difference(a, b)) && isEmpty(difference(b, a));
}

/** For people: what was put back. */
export function repairWords(repaired: Difference): string {
  const routes = repaired.setRoutes.length + repaired.removeRoutes.length;
  const rules = repaired.addRules.length + repaired.removeRules.length;
  return `${routes} routes and ${rules} rules of the fabric were changed by another program or a flapping link; they were put back`;
}
