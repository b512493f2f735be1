/**
 * Names become addresses: DNS answers that go to the LANs are copied to us by a rule of our table, and what they say of
 * the applications that policies name is kept for as long as they say.
 */
import { AddressNames, ApplicationMatcher } from '@patronus/applications';
import { formatAddress, PacketVerdict, PacketView } from '@patronus/net';
import type { ApplicationConfiguration } from '@patronus/protocol';
import { NetfilterLog, systemClock } from '@patronus/system/linux';
import { messageOf } from '../errors.ts';
import { dnsLog } from '../kernel/plan.ts';
import type { LearntName } from './ruleset.ts';

const mostLearnt = 4096;
const UDP = 17;
const DNS = 53;
const UDP_HEADER = 8;

interface Known {
  readonly name: Omit<LearntName, 'lifeMs'>;
  readonly expiresMs: number;
}

export class NameLearning {
  readonly #onLearnt: (names: readonly LearntName[]) => void;
  readonly #onRefused: (complaint: string) => void;
  readonly #view = new PacketView();
  readonly #known = new Map<string, Known>();
  #ids = '';
  #names: AddressNames | undefined;
  #matcher: ApplicationMatcher | undefined;
  #log: NetfilterLog | undefined;

  constructor(onLearnt: (names: readonly LearntName[]) => void, onRefused: (complaint: string) => void) {
    this.#onLearnt = onLearnt;
    this.#onRefused = onRefused;
  }

  /** Those whose names count from now on; none: nothing is listened to. */
  follow(applications: readonly ApplicationConfiguration[]): void {
    const ids = JSON.stringify(applications);
    if (ids === this.#ids) return;
    this.#ids = ids;
    this.#known.clear();
    this.#log?.close();
    this.#log = undefined;
    if (applications.length === 0) return;
    this.#matcher = new ApplicationMatcher(applications);
    this.#names = new AddressNames(this.#matcher, mostLearnt);
    try {
      this.#log = new NetfilterLog(dnsLog.group, dnsLog.longestPacket, () => this.#read());
    } catch (error) {
      this.#onRefused(messageOf(error));
    }
  }

  /** What still holds, for a table that is made anew. */
  learnt(): LearntName[] {
    const now = systemClock.monotonicMs();
    return [...this.#known.values()]
      .filter(({ expiresMs }) => expiresMs > now)
      .map(({ name, expiresMs }) => ({ ...name, lifeMs: expiresMs - now }));
  }

  stop(): void {
    this.follow([]);
  }

  #read(): void {
    const learnt: LearntName[] = [];
    this.#log?.drain((packet) => this.#take(packet, learnt));
    if (learnt.length > 0) this.#onLearnt(learnt);
  }

  #take(packet: Uint8Array, learnt: LearntName[]): void {
    const view = this.#view;
    if (view.read(packet, 0, packet.length) !== PacketVerdict.ok || view.isFragment) return;
    if (view.protocol !== UDP || view.sourcePort !== DNS || view.transportLength < UDP_HEADER) return;
    const now = systemClock.monotonicMs();
    const [at, length] = [view.transportOffset + UDP_HEADER, view.transportLength - UDP_HEADER];
    this.#names?.learn(packet, at, length, now, ({ family, bytes, offset, applications, lifeMs }) => {
      const address = formatAddress({ family, bytes: bytes.slice(offset, offset + (family === 4 ? 4 : 16)) });
      for (const number of applications) {
        const name = { applicationId: this.#matcher!.applications[number]!.id, family, address };
        this.#keep(name, now + lifeMs, now);
        learnt.push({ ...name, lifeMs });
      }
    });
  }

  /** What was learnt first makes room. */
  #keep(name: Omit<LearntName, 'lifeMs'>, expiresMs: number, now: number): void {
    const key = `${name.applicationId} ${name.address}`;
    this.#known.delete(key);
    for (const [oldest, { expiresMs: expired }] of this.#known) {
      if (this.#known.size < mostLearnt && expired > now) break;
      this.#known.delete(oldest);
    }
    this.#known.set(key, { name, expiresMs });
  }
}
