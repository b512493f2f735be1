/** Names of the descriptors that the owner hands over for neighbours: those that hear, and one for each that speaks. */

/** UDP 3784 (one hop) and 4784 (several), by family. The order is that of the loop's places for them. */
export const listeners = [
  { name: 'bfd:4', family: 4, isMultihop: false },
  { name: 'bfd:6', family: 6, isMultihop: false },
  { name: 'bfdm:4', family: 4, isMultihop: true },
  { name: 'bfdm:6', family: 6, isMultihop: true },
] as const;

const SPEAKER = 'neighbour:';

/** Of the socket from whose port this session speaks (RFC 5881 §4). */
export function speakerName(id: string): string {
  return SPEAKER + id;
}

/** The neighbour whose socket has this name. */
export function speakerOf(name: string): string | undefined {
  return name.startsWith(SPEAKER) ? name.slice(SPEAKER.length) : undefined;
}

/** Whether a configuration with these neighbours still has a use for it; undefined: it is no descriptor of neighbours. */
export function isUsed(name: string, neighbourIds: ReadonlySet<string>): boolean | undefined {
  const id = speakerOf(name);
  if (id !== undefined) return neighbourIds.has(id);
  return listeners.some((listener) => listener.name === name) ? neighbourIds.size > 0 : undefined;
}
