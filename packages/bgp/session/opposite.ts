/** One session against a peer whose messages are made by hand: for tests. */
import type { Capability } from '../codec/capabilities.ts';
import { HEADER_LENGTH, KEEPALIVE, MessageType } from '../codec/header.ts';
import { decodeNotification, type Notification } from '../codec/notification.ts';
import { encodeOpen } from '../codec/open.ts';
import type { SessionConfiguration } from './configuration.ts';
import type { SessionEffect, SessionInput, UpdateReceiver } from './effects.ts';
import { Session } from './session.ts';
import { seededRandom } from './simulation.ts';

export interface OppositeOptions {
  readonly configuration?: Partial<SessionConfiguration>;
  readonly updates?: UpdateReceiver;
  /** What the peer says of itself. */
  readonly open?: { as?: number; holdTime?: number; identifier?: number; capabilities?: readonly Capability[] };
  readonly seed?: number;
}

/** The session is AS 65001 with identifier 1; the peer AS 65002 with identifier 2. */
export class Opposite {
  readonly session: Session;
  nowMs = 0;
  effects: SessionEffect[] = [];
  /** The kernel takes whatever is sent. */
  isTakingAll = true;
  /** The connection that the session asked for last. */
  connection = 0;
  readonly #open: NonNullable<OppositeOptions['open']>;

  constructor({ configuration = {}, updates, open = {}, seed = 1 }: OppositeOptions = {}) {
    this.session = new Session({
      configuration: { localAs: 65_001, peerAs: 65_002, identifier: 1, ...configuration },
      random: seededRandom(seed),
      ...(updates && { updates }),
    });
    this.#open = open;
  }

  give(input: SessionInput): readonly SessionEffect[] {
    const effects = this.session.handle(input, this.nowMs);
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'connect') this.connection = effect.connection;
      if (effect.kind === 'send' && this.isTakingAll)
        this.give({ kind: 'sent', connection: effect.connection, waitingBytes: 0 });
    }
    if (this.session.deadline === Number.NEGATIVE_INFINITY) this.give({ kind: 'tick' });
    return effects;
  }

  say(bytes: Uint8Array, connection = this.connection): readonly SessionEffect[] {
    return this.give({ kind: 'bytes', connection, bytes });
  }

  /** The peer's OPEN. */
  openMessage(changes: NonNullable<OppositeOptions['open']> = {}): Uint8Array {
    const told = { as: 65_002, holdTime: 90, identifier: 2, capabilities: [], ...this.#open, ...changes };
    return encodeOpen({ ...told, capabilities: [...told.capabilities, { code: 65, as: told.as }] });
  }

  toOpenSent(): this {
    this.give({ kind: 'start' });
    if (this.session.configuration.isPassive === true) {
      this.connection = 1_000;
      this.give({ kind: 'accepted', connection: this.connection });
    } else this.give({ kind: 'connected', connection: this.connection });
    return this;
  }

  toOpenConfirm(): this {
    this.toOpenSent();
    this.say(this.openMessage());
    return this;
  }

  toEstablished(): this {
    this.toOpenConfirm();
    this.say(KEEPALIVE);
    return this;
  }

  /** After it went down: starts again by its own timer, up to Established with what the peer says now. */
  again(changes: NonNullable<OppositeOptions['open']> = {}): this {
    this.pass(Math.max(0, this.session.deadline - this.nowMs));
    this.give({ kind: 'connected', connection: this.connection });
    this.say(this.openMessage(changes));
    this.say(KEEPALIVE);
    return this;
  }

  /** Lets time pass; each timer goes off at its own moment. */
  pass(spanMs: number): void {
    const endMs = this.nowMs + spanMs;
    while (this.session.deadline <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.session.deadline);
      this.give({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  taken<Kind extends SessionEffect['kind']>(kind: Kind): Extract<SessionEffect, { kind: Kind }>[] {
    return this.effects.filter((effect): effect is Extract<SessionEffect, { kind: Kind }> => effect.kind === kind);
  }

  /** The NOTIFICATIONs that were sent. */
  get notifications(): Notification[] {
    return this.taken('send').flatMap(({ bytes }) =>
      bytes[HEADER_LENGTH - 1] === MessageType.notification ? [decodeNotification(bytes.subarray(HEADER_LENGTH))] : [],
    );
  }

  /** `2/2`; undefined: none was sent. */
  get notice(): string | undefined {
    const last = this.notifications.at(-1);
    return last && `${last.code}/${last.subcode}`;
  }
}
