/** Speakers in memory, joined by connections that deliver at once: for tests. */
import { formatAddress, type IpAddress, parseAddress } from '@patronus/net';
import type { SpeakerConfiguration } from './configuration.ts';
import type { SpeakerEffect, SpeakerNews } from './effects.ts';
import type { RoutesOptions } from './routes.ts';
import { Speaker } from './speaker.ts';

interface Host {
  readonly address: IpAddress;
  /** All of them. */
  readonly addresses: IpAddress[];
  readonly speaker: Speaker;
  /** By connection of this host: the other end. */
  readonly ends: Map<number, { readonly host: Host; readonly connection: number }>;
  incoming: number;
}

export class SimulatedNetwork {
  nowMs = 1_000;
  readonly news: SpeakerNews[] = [];
  readonly #hosts = new Map<string, Host>();
  /** Of these hosts nothing leaves and nothing arrives. */
  readonly cut = new Set<string>();

  add(text: string, configuration: SpeakerConfiguration, options: Partial<RoutesOptions> = {}): Speaker {
    const address = parseAddress(text)!;
    const speaker = new Speaker({
      ...{ configuration, random: () => 0.5, seed: 7, wantsChanges: true },
      interiorCost: () => 0,
      isOwnAddress: (bytes) => formatAddress({ family: bytes.length === 4 ? 4 : 6, bytes }) === text,
      ownNextHops: (local) => ({ ipv4: local.bytes, ipv6: parseAddress(`2001:db8:ffff::${local.bytes[3]}`)!.bytes }),
      ...options,
    });
    this.#hosts.set(text, { address, addresses: [address], speaker, ends: new Map(), incoming: 1_000 });
    return speaker;
  }

  /** One of several addresses: connections may be made to it, and from it by whoever has it as `localAddress`. */
  alias(text: string, of: string): void {
    const host = this.#hosts.get(of)!;
    host.addresses.push(parseAddress(text)!);
    this.#hosts.set(text, host);
  }

  /** Its process is killed: no word of its own, but the system ends its connections. */
  kill(text: string): void {
    const { ends } = this.#hosts.get(text)!;
    this.#hosts.delete(text);
    for (const { host, connection } of ends.values()) {
      host.ends.delete(connection);
      host.speaker.closed(connection, 'the peer has reset it', this.nowMs);
    }
  }

  start(): void {
    for (const { speaker } of this.#each) speaker.start(this.nowMs);
  }

  /** Lets so much time pass, in steps to each deadline. */
  run(spanMs: number): void {
    const end = this.nowMs + spanMs;
    for (;;) {
      this.settle();
      const next = Math.min(...[...this.#each].map(({ speaker }) => speaker.deadline));
      if (next > end) break;
      this.nowMs = Math.max(this.nowMs, next);
      for (const { speaker } of this.#each) speaker.tick(this.nowMs);
    }
    this.nowMs = end;
  }

  /** Until nothing is left to do at this moment. */
  settle(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (const host of this.#each) {
        if (host.speaker.isWork) host.speaker.work(this.nowMs);
        const effects = host.speaker.effects();
        for (const effect of effects) this.#carryOut(host, effect);
        if (effects.length > 0 || host.speaker.isWork) isBusy = true;
      }
    }
  }

  #carryOut(host: Host, effect: SpeakerEffect): void {
    const end = 'connection' in effect ? host.ends.get(effect.connection) : undefined;
    switch (effect.kind) {
      case 'connect':
        this.#connect(host, effect.connection, effect.remote, effect.neighbour.localAddress);
        return;
      case 'send':
        if (end === undefined) return;
        if (this.cut.has(formatAddress(host.address)) || this.cut.has(formatAddress(end.host.address))) return;
        end.host.speaker.received(end.connection, effect.bytes, this.nowMs);
        host.speaker.sent(effect.connection, 0, this.nowMs);
        return;
      case 'close':
        host.ends.delete(effect.connection);
        if (end === undefined) return;
        end.host.ends.delete(end.connection);
        end.host.speaker.closed(end.connection, 'the peer has closed it', this.nowMs);
        return;
      case 'recognized':
        return;
      default:
        this.news.push(effect);
    }
  }

  get #each(): ReadonlySet<Host> {
    return new Set(this.#hosts.values());
  }

  #connect(host: Host, connection: number, remote: IpAddress, from: IpAddress | undefined): void {
    const to = formatAddress(remote);
    const local = from ?? host.addresses.find(({ family }) => family === remote.family) ?? host.address;
    const other = this.#hosts.get(to);
    if (other === undefined || this.cut.has(to)) {
      host.speaker.closed(connection, 'nobody listens there', this.nowMs);
      return;
    }
    const incoming = other.incoming++;
    host.ends.set(connection, { host: other, connection: incoming });
    other.ends.set(incoming, { host, connection });
    host.speaker.connected(connection, local, this.nowMs);
    other.speaker.accepted(incoming, local, remote, this.nowMs);
  }
}
