/**
 * Monitoring stations (RFC 7854 §3.2): we connect, and tell. Tables are told as a station takes them; what happens
 * meanwhile waits for it, up to a bound. One that lets more wait, or takes nothing for a minute, is dropped with a line in
 * the log, connected to again, and told everything anew: no station costs more memory than that.
 */
import { connect, type Socket } from 'node:net';
import {
  type DownReason,
  encodeTermination,
  type FeedOptions,
  type Negotiated,
  type Neighbour,
  type SpeakerMonitor,
  StationFeed,
} from '@patronus/bgp';
import { formatAddress } from '@patronus/net';
import type { BmpStationConfiguration } from '../../configuration/configuration.ts';

/** Bytes of tables that are handed to a socket at once, and that may wait in it before more of them are. */
const TURN_BYTES = 64 * 1_024;
/** Bytes that may wait for a station in all. */
export const MOST_WAITING_BYTES = 8 * 2 ** 20;
/** Nothing was taken for so long though something waits. */
const MOST_DEAF_MS = 60_000;

export interface StationReport {
  readonly address: string;
  readonly port: number;
  readonly state: 'connecting' | 'telling' | 'current';
  readonly waitingBytes: number;
  /** Times it was dropped or went away. */
  readonly drops: number;
  readonly lastError: string | null;
}

type Parts = FeedOptions & { readonly log: (line: string) => void };

export class BmpStations implements SpeakerMonitor {
  readonly #parts: Parts;
  readonly #stations = new Map<string, Station>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** These and no others; those that stay stay connected. */
  follow(configurations: readonly BmpStationConfiguration[]): void {
    const wanted = new Map(configurations.map((one) => [`${formatAddress(one.address)} ${one.port}`, one]));
    for (const [place, station] of this.#stations) {
      if (wanted.has(place)) continue;
      station.stop();
      this.#stations.delete(place);
    }
    for (const [place, one] of wanted) {
      if (!this.#stations.has(place)) this.#stations.set(place, new Station(one, this.#parts));
    }
  }

  established(neighbour: Neighbour): void {
    for (const station of this.#stations.values()) station.tell((feed) => feed.established(neighbour));
  }

  update(neighbour: Neighbour, body: Uint8Array, negotiated: Negotiated): void {
    for (const station of this.#stations.values()) station.tell((feed) => feed.update(neighbour, body, negotiated));
  }

  down(neighbour: Neighbour, reason: DownReason): void {
    for (const station of this.#stations.values()) station.tell((feed) => feed.down(neighbour, reason));
  }

  report(): StationReport[] {
    return [...this.#stations.values()].map((station) => station.report());
  }

  stop(): void {
    for (const station of this.#stations.values()) station.stop();
    this.#stations.clear();
  }
}

class Station {
  readonly #configuration: BmpStationConfiguration;
  readonly #parts: Parts;
  readonly #feed: StationFeed;
  #socket: Socket | undefined;
  #isConnected = false;
  #isTurnPlanned = false;
  #retry: NodeJS.Timeout | undefined;
  #drops = 0;
  #lastError: string | null = null;

  constructor(configuration: BmpStationConfiguration, parts: Parts) {
    this.#configuration = configuration;
    this.#parts = parts;
    this.#feed = new StationFeed(parts);
    this.#connect();
  }

  report(): StationReport {
    const { address, port } = this.#configuration;
    const state = !this.#isConnected ? 'connecting' : this.#feed.hasMore ? 'telling' : 'current';
    return {
      ...{ address: formatAddress(address), port, state, drops: this.#drops, lastError: this.#lastError },
      waitingBytes: this.#socket?.writableLength ?? 0,
    };
  }

  /** What has just happened. */
  tell(what: (feed: StationFeed) => readonly Uint8Array[]): void {
    if (this.#isConnected) this.#write(what(this.#feed));
  }

  stop(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    if (this.#isConnected) socket?.write(encodeTermination('administrativelyClosed'));
    this.#isConnected = false;
    // It gets a second for what waits.
    socket?.setTimeout(1_000, () => socket.destroy());
    socket?.end();
  }

  #connect(): void {
    const { address, port } = this.#configuration;
    const socket = connect({ host: formatAddress(address), port, noDelay: true, keepAlive: true });
    this.#socket = socket;
    let reason = 'the station has closed it';
    socket.on('connect', () => {
      if (this.#socket !== socket) return;
      this.#isConnected = true;
      this.#say('is told of everything');
      this.#write(this.#feed.begin());
      this.#planTurn();
    });
    // A station has nothing to say (§3.2); what it says all the same is thrown away.
    socket.resume();
    socket.on('drain', () => this.#planTurn());
    // Counts only what moves: keep-alives of TCP do not.
    socket.setTimeout(MOST_DEAF_MS, () => {
      if (this.#socket === socket && socket.writableLength > 0) this.#drop('it takes nothing of what it is told');
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#drop(reason);
    });
  }

  #write(messages: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (socket === undefined || messages.length === 0) return;
    for (const message of messages) socket.write(message);
    if (socket.writableLength > MOST_WAITING_BYTES) {
      this.#drop(`${socket.writableLength} bytes wait for it, more than ${MOST_WAITING_BYTES} are not kept`);
    }
  }

  #planTurn(): void {
    if (this.#isTurnPlanned || !this.#isConnected) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      const socket = this.#socket;
      if (socket === undefined || !this.#isConnected || !this.#feed.hasMore) return;
      if (socket.writableLength < TURN_BYTES) this.#write(this.#feed.next(TURN_BYTES));
      if (socket.writableLength < TURN_BYTES) this.#planTurn();
    });
  }

  #drop(reason: string): void {
    const { retryS } = this.#configuration;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isConnected = false;
    this.#drops += 1;
    this.#lastError = reason;
    this.#say(`is dropped: ${reason}; it is tried again in ${retryS} s`);
    socket?.destroy();
    this.#retry = setTimeout(() => this.#connect(), 1_000 * retryS).unref();
  }

  #say(line: string): void {
    const { address, port } = this.#configuration;
    this.#parts.log(`BMP station ${formatAddress(address)} port ${port} ${line}`);
  }
}
