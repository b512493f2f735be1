/**
 * Gives every tunnel whose other end can talk a speaker and a listener, carries their words, and keeps tunnels that fell
 * silent out of the fast switch: at the end that hears nothing, and, told by it, at the end that sends.
 */
import { Drop, PASSED } from '../drops.ts';
import { Doubt, type Link } from '../links.ts';
import { SCRATCH } from '../memory.ts';
import { Capability } from '../overlay.ts';
import type { PathContext } from '../path/context.ts';
import { transmit } from '../path/transmit.ts';
import { Listener } from './listener.ts';
import { Speaker } from './speaker.ts';
import { decodeTalk, encodeTalk, subjectOf, type Talk, TalkKind } from './talkFrame.ts';

/** Tunnels are looked at so often while anything goes on. */
const LOOK_MS = 5;
/** Other tunnels to the edge that are asked. */
const MOST_ASKED = 3;
/** What the other end said counts for so long; it repeats it. */
const TOLD_FOR_MS = 2_000;
/** Until something is known. */
const UNKNOWN_ROUND_TRIP_MS = 100;

interface Talker {
  readonly link: Link;
  subject: number;
  readonly speaker: Speaker;
  readonly listener: Listener;
  /** Until then the other end is taken to hear nothing on it. */
  toldUntilMs: number;
}

export interface TalksOwner {
  /** Which tunnels are doubted has changed: choose anew. */
  doubted(link: Link, isDoubted: boolean, by: 'silence' | 'otherEnd', now: number): void;
}

export interface TalkCounts {
  pausesTold: number;
  silencesAsked: number;
  suspicions: number;
  falseSuspicions: number;
}

export class Talks {
  deadline = Number.POSITIVE_INFINITY;
  nextLook = Number.NEGATIVE_INFINITY;
  readonly counts: TalkCounts = { pausesTold: 0, silencesAsked: 0, suspicions: 0, falseSuspicions: 0 };
  readonly #context: PathContext;
  readonly #owner: TalksOwner;
  readonly #talkers = new Map<number, Talker>();
  readonly #talk: Talk = { kind: 0, number: 0, subject: 0 };
  #number: number;

  /** `number`: of the first question, random, so that answers to one from before a restart are not taken for ours. */
  constructor(context: PathContext, number: number, owner: TalksOwner) {
    this.#context = context;
    this.#number = number;
    this.#owner = owner;
  }

  /** Looks after these links from now on; `isWanted` says for which of them. Of the others nothing is doubted any more. */
  replace(links: readonly Link[], isWanted: (link: Link) => boolean, now: number): void {
    const wanted = new Map(
      links.filter((link) => link.tunnel !== undefined && isWanted(link)).map((link) => [link.number, link]),
    );
    for (const talker of [...this.#talkers.values()]) {
      const { link } = talker;
      if (wanted.get(link.number) === link) continue;
      this.#talkers.delete(link.number);
      if (links.includes(link)) {
        this.#doubt(talker, Doubt.unheard, false, now);
        this.#doubt(talker, Doubt.told, false, now);
      } else this.#context.links.isDoubted[link.number]! &= ~(Doubt.unheard | Doubt.told);
    }
    for (const link of wanted.values()) {
      const subject = subjectOf(link.tunnel!.id);
      const known = this.#talkers.get(link.number);
      if (known !== undefined) known.subject = subject;
      else {
        const toldUntilMs = Number.NEGATIVE_INFINITY;
        this.#talkers.set(link.number, {
          link,
          subject,
          speaker: new Speaker(),
          listener: new Listener(),
          toldUntilMs,
        });
      }
    }
    this.nextLook = this.#talkers.size === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    if (this.#talkers.size === 0) this.deadline = Number.POSITIVE_INFINITY;
  }

  /** After everything that has arrived was taken in: a pause of ours is not silence of the other end. */
  tick(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const talker of this.#talkers.values()) {
      if (this.#canTalk(talker.link)) this.#turn(talker, now);
      earliest = Math.min(earliest, talker.speaker.deadline, talker.listener.deadline);
      if (talker.toldUntilMs > now) earliest = Math.min(earliest, talker.toldUntilMs);
    }
    this.deadline = earliest;
    this.nextLook = Math.min(now + LOOK_MS, Math.max(earliest, now));
  }

  /** A frame came over the tunnel. Answers a verdict, not yet counted. */
  frame(link: Link, payload: Uint8Array, now: number): number {
    const talk = this.#talk;
    if (link.tunnel?.heardAnnounce !== true || !decodeTalk(payload, talk)) return Drop.badFrame;
    const talker = this.#talkers.get(link.number);
    if (talk.kind === TalkKind.pause) talker?.listener.paused();
    else {
      const about = this.#subject(link, talk.subject);
      if (about !== undefined) this.#heard(talk, link, about, now);
    }
    return PASSED;
  }

  #turn(talker: Talker, now: number): void {
    const { links } = this.#context;
    const { link, speaker, listener } = talker;
    if (talker.toldUntilMs <= now) this.#doubt(talker, Doubt.told, false, now);
    if (links.isUp[link.number] !== 1) {
      listener.down();
      speaker.deadline = Number.POSITIVE_INFINITY;
      this.#doubt(talker, Doubt.unheard, false, now);
      this.#doubt(talker, Doubt.told, false, now);
      return;
    }
    if (speaker.tick(link.sentPackets, links.sentMs[link.number]!, now)) {
      this.counts.pausesTold += 1;
      this.#say(link, TalkKind.pause, 0, talker.subject, now);
    }
    const action = listener.tick(link.receivedPackets, links.heardMs[link.number]!, this.#number, now);
    if (action === 'ask') this.#ask(talker, now);
    else if (action === 'probe') this.#say(link, TalkKind.ask, listener.number, talker.subject, now);
    else if (action === 'suspect') {
      this.counts.suspicions += 1;
      this.#tell(talker, TalkKind.silent, now);
      this.#doubt(talker, Doubt.unheard, true, now);
    } else if (action === 'remind') this.#tell(talker, TalkKind.silent, now);
    else if (action === 'trust') {
      if (!listener.wasRight) this.counts.falseSuspicions += 1;
      this.#tell(talker, TalkKind.heard, now);
      this.#say(link, TalkKind.heard, listener.number, talker.subject, now);
      this.#doubt(talker, Doubt.unheard, false, now);
    }
  }

  #ask(talker: Talker, now: number): void {
    const { link, listener, subject } = talker;
    if (listener.number === this.#number) this.#number = (this.#number + 1) >>> 0;
    this.counts.silencesAsked += 1;
    this.#say(link, TalkKind.ask, listener.number, subject, now);
    this.#tell(talker, TalkKind.ask, now);
  }

  /** Over other tunnels to the same edge: those that work. */
  #tell({ link, listener, subject }: Talker, kind: TalkKind, now: number): void {
    const { groups, links } = this.#context;
    let told = 0;
    for (const number of groups.tunnelsTo(link.tunnel!.edge)) {
      const other = links.at(number);
      if (other === undefined || other === link || links.isUp[number] !== 1 || !this.#canTalk(other)) continue;
      this.#say(other, kind, listener.number, subject, now);
      told += 1;
      if (told === MOST_ASKED) return;
    }
  }

  #heard({ kind, number }: Talk, from: Link, about: Talker, now: number): void {
    const { link, listener, subject } = about;
    if (kind === TalkKind.ask) {
      this.#say(from, TalkKind.answer, number, subject, now);
      // By both ways at the same moment, so that the one that does not arrive proves something.
      this.#say(link, TalkKind.answer, number, subject, now);
    } else if (kind === TalkKind.answer) {
      listener.answered(number, from === link, roundTripMs(link), roundTripMs(from), now);
      this.#wakeAt(listener.deadline);
    } else if (kind === TalkKind.silent && from !== link) {
      about.toldUntilMs = now + TOLD_FOR_MS;
      this.#wakeAt(about.toldUntilMs);
      this.#doubt(about, Doubt.told, this.#context.links.isUp[link.number] === 1, now);
    } else if (kind === TalkKind.heard) {
      about.toldUntilMs = Number.NEGATIVE_INFINITY;
      this.#doubt(about, Doubt.told, false, now);
    }
  }

  #doubt({ link }: Talker, reason: number, isDoubted: boolean, now: number): void {
    const { isDoubted: doubts } = this.#context.links;
    const before = doubts[link.number]!;
    const after = isDoubted ? before | reason : before & ~reason;
    if (after === before) return;
    doubts[link.number] = after;
    this.#owner.doubted(link, isDoubted, reason === Doubt.told ? 'otherEnd' : 'silence', now);
  }

  /** The tunnel of the same pair of edges that is spoken of. */
  #subject(link: Link, subject: number): Talker | undefined {
    const { groups } = this.#context;
    for (const number of groups.tunnelsTo(link.tunnel!.edge)) {
      const talker = this.#talkers.get(number);
      if (talker?.subject === subject) return talker;
    }
    return undefined;
  }

  #canTalk({ tunnel }: Link): boolean {
    return tunnel?.heardAnnounce === true && (tunnel.capabilities & Capability.talk) !== 0;
  }

  #say(link: Link, kind: TalkKind, number: number, subject: number, now: number): void {
    const frame = encodeTalk(kind, number, subject);
    this.#context.memory.bytes.set(frame, SCRATCH);
    transmit(this.#context, link, SCRATCH, frame.length, now);
  }

  #wakeAt(deadline: number): void {
    this.deadline = Math.min(this.deadline, deadline);
    this.nextLook = Math.min(this.nextLook, deadline);
  }
}

function roundTripMs({ measurement }: Link): number {
  const smoothedUs = measurement?.roundTrip.smoothedUs ?? null;
  return smoothedUs === null ? UNKNOWN_ROUND_TRIP_MS : smoothedUs / 1_000;
}
