import { useEffect, useRef, useState } from 'react';
import { mergeSamples, type Timed } from './merge.ts';

const nothing: readonly never[] = [];

/** History that came once, continued by every live answer, over the last `windowMs`. */
export function useSeries<Sample extends Timed>(
  history: readonly Sample[] | undefined,
  live: readonly Sample[] | undefined,
  windowMs: number,
): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>(nothing);
  const merged = useRef<readonly Sample[]>(undefined);
  useEffect(() => {
    if (!history || merged.current === history) return;
    merged.current = history;
    setSamples((known) => (known.length === 0 ? history : mergeSamples(history, known, windowMs)));
  }, [history, windowMs]);
  useEffect(() => {
    if (live) setSamples((known) => mergeSamples(known, live, windowMs));
  }, [live, windowMs]);
  return samples;
}

interface WithHistory<Sample> {
  readonly id: string;
  readonly history: readonly Sample[];
}

/** The same for several series told apart by `id`; one that is gone from the live answer is forgotten. */
export function useSeriesById<Sample extends Timed>(
  history: readonly WithHistory<Sample>[] | undefined,
  live: readonly WithHistory<Sample>[],
  windowMs: number,
): ReadonlyMap<string, readonly Sample[]> {
  const [samples, setSamples] = useState<ReadonlyMap<string, readonly Sample[]>>(new Map());
  useEffect(() => {
    if (!history) return;
    setSamples((known) =>
      combine(
        history,
        (id) => known.get(id) ?? nothing,
        (past, now) => mergeSamples(past, now, windowMs),
      ),
    );
  }, [history, windowMs]);
  useEffect(() => {
    setSamples((known) =>
      combine(
        live,
        (id) => known.get(id) ?? nothing,
        (now, past) => mergeSamples(past, now, windowMs),
      ),
    );
  }, [live, windowMs]);
  return samples;
}

function combine<Sample>(
  series: readonly WithHistory<Sample>[],
  known: (id: string) => readonly Sample[],
  merge: (fresh: readonly Sample[], known: readonly Sample[]) => readonly Sample[],
): ReadonlyMap<string, readonly Sample[]> {
  return new Map(series.map(({ id, history }) => [id, merge(history, known(id))]));
}
