/** Which rows of a long table are drawn: those that are seen, and some beside them. */

/** Until one was measured: a row of one line (`.table td` in parts.css and its border). */
export const usualRowHeight = 45;
/** Shorter tables are drawn whole. */
export const wholeUpTo = 120;
const besides = 20;

export interface RowWindow {
  readonly start: number;
  /** Behind the last one that is drawn. */
  readonly end: number;
}

/** `top`: pixels from the top of what is seen to the first row, negative when it is above. */
export function rowsSeen(count: number, top: number, viewHeight: number, rowHeight = usualRowHeight): RowWindow {
  if (count <= wholeUpTo) return { start: 0, end: count };
  const first = Math.floor(-top / rowHeight) - besides;
  const last = Math.ceil((viewHeight - top) / rowHeight) + besides;
  // Steps, so that not every pixel of scrolling draws anew.
  const start = Math.max(0, Math.min(count, Math.floor(first / besides) * besides));
  return { start, end: Math.max(start, Math.min(count, Math.ceil(last / besides) * besides)) };
}
