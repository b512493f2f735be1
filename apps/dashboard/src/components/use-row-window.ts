import { type RefObject, useEffect, useRef, useState } from 'react';
import { rowsSeen, usualRowHeight, wholeUpTo } from './row-window.ts';

interface DrawnRows {
  readonly ref: RefObject<HTMLTableSectionElement | null>;
  readonly start: number;
  readonly end: number;
  /** Pixels that stand for the rows before and after those. */
  readonly before: number;
  readonly after: number;
}

/** Which of `count` rows to draw while the page scrolls; attach `ref` to what holds them. */
export function useRowWindow(count: number): DrawnRows {
  const ref = useRef<HTMLTableSectionElement>(null);
  const [{ start, end, rowHeight }, setWindow] = useState(() => ({
    ...rowsSeen(count, 0, 1_000),
    rowHeight: usualRowHeight,
  }));
  const isLong = count > wholeUpTo;
  useEffect(() => {
    if (!isLong) return;
    const look = () => {
      const body = ref.current;
      if (!body) return;
      // Not the first or the last, which may stand for rows that are not drawn.
      const rowHeight = body.rows[Math.floor(body.rows.length / 2)]?.offsetHeight || usualRowHeight;
      const next = { ...rowsSeen(count, body.getBoundingClientRect().top, window.innerHeight, rowHeight), rowHeight };
      setWindow((old) =>
        old.start === next.start && old.end === next.end && old.rowHeight === rowHeight ? old : next,
      );
    };
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [count, isLong]);
  if (!isLong) return { ref, start: 0, end: count, before: 0, after: 0 };
  const last = Math.min(count, end);
  return { ref, start, end: last, before: start * rowHeight, after: (count - last) * rowHeight };
}
