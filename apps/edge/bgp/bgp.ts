/**
 * BGP of an edge: a speaker made of the configuration, with the routers of the site and with the other edges, and what it
 * learns sorted into what lies behind edges and what behind routers. It knows no controller, and needs none.
 */
import { adviceFor } from '@patronus/bfd';
import type { SpeakerConfiguration, SpeakerNews } from '@patronus/bgp';
import { formatAddress, parseAddress } from '@patronus/net';
import type { BgpConfiguration, BgpTelemetry, Configuration } from '@patronus/protocol';
import { systemClock } from '@patronus/system/linux';
import { messageOf } from '../errors.ts';
import type { RouterChange } from '../kernel/routers.ts';
import type { NetworkView } from '../kernel/uplinks.ts';
import { ownRanges, speakerOf } from './intent.ts';
import { BestRoutes, type Change, type LearnedChange, overlayKey } from './learned.ts';
import { placesOf } from './listening.ts';
import { Sessions } from './sessions.ts';
import { Speaking } from './speaking.ts';
import { tellBgp } from './telemetry.ts';
import { LanWays } from './ways.ts';

export interface BgpEvents {
  onLearned(change: LearnedChange): void;
  /** A session changed its state. */
  onSessions(): void;
  onNotice(code: string, message: string): void;
  /** For the log. */
  onWords(code: string, message: string): void;
}

/** What it costs to get to an edge; the same prefix from several of equal preference is taken by the cheapest. */
const edgeCosts = { usual: 10, drained: 1_000, silent: 1_000_000 } as const;
/** Kernel and forwarder may take this part of the time when routes change without end. */
const restFor = 4;
const mostRestMs = 400;
/** Until a speaker that failed is followed by another. */
const againMs = 10_000;

export class Bgp {
  readonly #events: BgpEvents;
  #configuration: Configuration | undefined;
  #intent = '';
  #speaking: Speaking | undefined;
  /** Speakers that still say goodbye. */
  #leaving: Promise<unknown> = Promise.resolve();
  readonly #best = new BestRoutes();
  #sessions = new Sessions();
  #view: NetworkView = { links: [], addresses: [], mainRoutes: [] };
  /** Of this view, once somebody has asked: main may hold many routes of other programs. */
  #lanWays: LanWays | undefined;
  #reachable: ReadonlySet<string> = new Set();
  #silent: ReadonlySet<string> = new Set();
  #edges = new Map<string, { readonly id: string; readonly isDrained: boolean }>();
  #learnTimer: NodeJS.Timeout | undefined;
  #learnRestsUntil = 0;
  #again: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(events: BgpEvents) {
    this.#events = events;
  }

  /** Throws an EdgeError where policies cannot be made of it; then what ran before runs on. */
  configure(configuration: Configuration | undefined): void {
    const intent = configuration?.bgp === undefined ? '' : intentOf(configuration, configuration.bgp);
    const hasChanged = intent !== this.#intent;
    const speaker =
      hasChanged && configuration?.bgp !== undefined ? speakerOf(configuration, configuration.bgp) : undefined;
    if (hasChanged && speaker === undefined) this.#end('BGP is switched off here');
    this.#configuration = configuration;
    this.#edges = new Map(
      configuration?.edges.map(({ id, overlayAddress, isDrained }) => [
        overlayKey(parseAddress(overlayAddress)!.bytes),
        { id, isDrained },
      ]),
    );
    if (hasChanged) {
      this.#intent = intent;
      if (speaker !== undefined && this.#speaking !== undefined) this.#speaking.reconfigure(speaker);
      else if (speaker !== undefined) this.#begin(speaker);
    }
    this.#surroundingsChanged();
  }

  /** Interfaces, addresses or routes of the kernel are others now. */
  networkChanged(view: NetworkView): void {
    this.#view = view;
    this.#lanWays = undefined;
    this.#surroundingsChanged();
  }

  /** Tunnels that are up, and edges whose LAN does not answer. */
  edgesChanged(tunnelsUp: ReadonlySet<string>, unreachable: readonly string[]): void {
    const up = (this.#configuration?.tunnels ?? []).filter(({ id }) => tunnelsUp.has(id));
    const [reachable, silent] = [new Set(up.map(({ remote }) => remote.edgeId)), new Set(unreachable)];
    if (isSame(reachable, this.#reachable) && isSame(silent, this.#silent)) return;
    this.#reachable = reachable;
    this.#silent = silent;
    this.#surroundingsChanged();
  }

  /** RFC 5882 §4.3: a router that BFD has lost is not waited for. */
  bfdChanged(change: RouterChange): void {
    const speaking = this.#speaking;
    if (speaking === undefined || adviceFor('controlProtocol', change) !== 'withdraw') return;
    for (const { id, bfdPeerId } of this.#configuration?.bgp?.neighbours ?? []) {
      const neighbour = bfdPeerId === change.id ? speaking.speaker.neighbour(id) : undefined;
      if (neighbour !== undefined) speaking.act(() => speaking.speaker.bfdDown(neighbour, now()));
    }
  }

  /** undefined: it speaks with nobody. */
  telemetry(): BgpTelemetry | undefined {
    const { bgp } = this.#configuration ?? {};
    if (bgp === undefined || this.#speaking === undefined) return undefined;
    return tellBgp(this.#speaking.speaker, this.#sessions, {
      ...{ bgp, nowMs: now(), own: ownRanges(this.#configuration!, bgp), routesTotal: this.#best.size },
      edgeAt: (nextHop) => this.#edges.get(overlayKey(nextHop))?.id,
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#learnTimer);
    clearTimeout(this.#again);
    this.#end('the gateway stops');
    await this.#leaving;
  }

  get #ways(): LanWays {
    this.#lanWays ??= new LanWays(this.#view);
    return this.#lanWays;
  }

  /** Everything of it goes, and a new speaker begins a little later. */
  #fault(speaking: Speaking, error: unknown): void {
    if (this.#speaking !== speaking) return;
    this.#events.onNotice('BGP_FAULT', `BGP failed, and begins anew in ${againMs / 1_000} s: ${messageOf(error)}`);
    this.#end('internal error');
    this.#again = setTimeout(() => {
      const { bgp } = this.#configuration ?? {};
      if (bgp === undefined || this.#speaking !== undefined || this.#isStopping) return;
      this.#begin(speakerOf(this.#configuration!, bgp));
      this.#surroundingsChanged();
    }, againMs);
  }

  #begin(configuration: SpeakerConfiguration): void {
    const speaking = new Speaking(
      configuration,
      {
        interiorCost: (nextHop) => this.#costOf(nextHop),
        isOwnAddress: (address) => this.#ways.isOwn(address),
        ownNextHops: (local) => this.#ownNextHops(local),
      },
      {
        onChanges: (changes) => this.#learn(changes),
        onNews: (news) => this.#hear(news),
        onFault: (error) => this.#fault(speaking, error),
        onDeaf: (place, reason) =>
          this.#events.onNotice(
            'BGP_DEAF',
            `BGP cannot listen at ${place}: ${reason}; routers that wait are still called`,
          ),
      },
    );
    this.#speaking = speaking;
    // The predecessor's sockets are closed first, so that nobody hears two of us at once.
    this.#leaving = this.#leaving.then(() => {
      if (this.#speaking !== speaking || this.#isStopping) return;
      speaking.listen(this.#places());
      speaking.start();
    });
  }

  #end(reason: string): void {
    const speaking = this.#speaking;
    if (speaking === undefined) return;
    this.#speaking = undefined;
    this.#leaving = Promise.all([this.#leaving, speaking.stop(reason)]);
    this.#best.clear();
    this.#sessions = new Sessions();
    if (!this.#isStopping) this.#publishSoon();
  }

  #places() {
    return this.#configuration === undefined ? [] : placesOf(this.#configuration, this.#view);
  }

  #surroundingsChanged(): void {
    const speaking = this.#speaking;
    if (speaking === undefined || this.#isStopping) return;
    speaking.listen(this.#places());
    speaking.act(() => speaking.speaker.routes.nextHopsChanged());
    // Where next hops lead may have changed though they can be reached as before.
    this.#publishSoon();
  }

  #costOf(nextHop: Uint8Array): number | undefined {
    const edge = this.#edges.get(overlayKey(nextHop));
    if (edge === undefined) return this.#ways.hopTo(nextHop) === undefined ? undefined : 0;
    if (!this.#reachable.has(edge.id)) return undefined;
    return (
      edgeCosts.usual + (edge.isDrained ? edgeCosts.drained : 0) + (this.#silent.has(edge.id) ? edgeCosts.silent : 0)
    );
  }

  /** In the fabric an IPv6 route names our overlay address as RFC 4798 §2 has it. */
  #ownNextHops(local: { readonly family: 4 | 6; readonly bytes: Uint8Array }) {
    const { overlayAddress = '' } = this.#configuration?.edge ?? {};
    if (formatAddress(local) !== overlayAddress) return this.#ways.ownNextHops(local);
    const mapped = new Uint8Array(16);
    mapped.set([0xff, 0xff, ...local.bytes], 10);
    return { ipv4: local.bytes, ipv6: mapped };
  }

  #learn(changes: readonly Change[]): void {
    this.#best.apply(changes);
    this.#publishSoon();
  }

  /** The first change at once; those that follow closely together. */
  #publishSoon(): void {
    if (this.#learnTimer !== undefined) return;
    this.#learnTimer = setTimeout(
      () => {
        this.#learnTimer = undefined;
        const beganAt = now();
        const change = this.#best.learn(
          (nextHop) => this.#edges.get(overlayKey(nextHop))?.id,
          (nextHop) => this.#ways.hopTo(nextHop),
        );
        if (change === undefined) return;
        try {
          this.#events.onLearned(change);
        } catch (error) {
          this.#events.onNotice('BGP_NOT_INSTALLED', messageOf(error));
        }
        const tookMs = now() - beganAt;
        this.#learnRestsUntil = beganAt + tookMs + Math.min(mostRestMs, restFor * tookMs);
      },
      Math.max(0, this.#learnRestsUntil - now()),
    );
  }

  #hear(news: SpeakerNews): void {
    this.#sessions.hear(news, systemClock.wallMs());
    const words = this.#sessions.wordsOf(news, (name) => this.#nameOf(name));
    if (words !== undefined) this.#events.onWords(words.code, words.message);
    if (news.kind === 'state' && (news.to === 'Established' || news.from === 'Established')) this.#events.onSessions();
  }

  #nameOf(id: string): string {
    const neighbour = this.#configuration?.bgp?.neighbours.find((one) => one.id === id);
    return neighbour === undefined ? `the edge ${id}` : `${neighbour.name} (${neighbour.address})`;
  }
}

const now = systemClock.monotonicMs;

/** Whatever the speaker is made of. Holds keys: for comparison alone. */
function intentOf({ edge, edges, routes, uplinks }: Configuration, bgp: BgpConfiguration): string {
  return JSON.stringify([
    ...[bgp, edge.siteId, edge.overlayAddress, uplinks.map((uplink) => uplink.interface)],
    edges.map(({ id, siteId, overlayAddress }) => [id, siteId, overlayAddress]),
    routes.map(({ segment, prefix }) => [segment, prefix]),
  ]);
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id));
}
