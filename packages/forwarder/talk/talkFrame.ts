/**
 * The frame in which the ends of tunnels say whether they pause or are not heard (type 10 of overlay.ts). Its body,
 * big-endian; what a later release adds behind it is passed over:
 *
 *      0  kind     u8    see TalkKind
 *      1  number   u32   of a question, repeated by its answers
 *      5  subject  u32   which tunnel of this pair of edges it is about: `subjectOf` its id
 */
import { ByteReader, ByteWriter } from '@patronus/wire';
import { FRAME_HEADER_LENGTH, FrameType } from '../overlay.ts';

export const TalkKind = {
  /** Nothing more comes through this tunnel for now: its silence is no failure. */
  pause: 0,
  /** Nothing is heard on the subject; are you there? */
  ask: 1,
  /** Yes: sent on the tunnel that the question came by, and on its subject. */
  answer: 2,
  /** Nothing is heard on the subject although you are there: send through another tunnel. */
  silent: 3,
  /** It is heard again. */
  heard: 4,
} as const;
export type TalkKind = (typeof TalkKind)[keyof typeof TalkKind];

export const TALK_BODY_LENGTH = 9;

export interface Talk {
  kind: number;
  number: number;
  subject: number;
}

const shared = new ByteWriter(FRAME_HEADER_LENGTH + TALK_BODY_LENGTH);

/** Writes the frame; what is returned is used again by the next call. */
export function encodeTalk(kind: TalkKind, number: number, subject: number): Uint8Array {
  shared.reset();
  shared.u8(FrameType.talk);
  shared.u16(0);
  shared.u16(TALK_BODY_LENGTH);
  shared.u8(kind);
  shared.u32(number);
  shared.u32(subject);
  return shared.view();
}

/** Reads the frame at the start of `payload` into `talk`; false where it is not whole. */
export function decodeTalk(payload: Uint8Array, talk: Talk): boolean {
  const reader = new ByteReader(payload);
  reader.skip(3);
  const length = reader.u16();
  if (length < TALK_BODY_LENGTH) return false;
  reader.enter(length);
  talk.kind = reader.u8();
  talk.number = reader.u32();
  talk.subject = reader.u32();
  return !reader.failed;
}

/** A tunnel's name in 32 bits (FNV-1a), the same at both ends: only those of one pair of edges have to differ. */
export function subjectOf(tunnelId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < tunnelId.length; at++) hash = Math.imul(hash ^ tunnelId.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
