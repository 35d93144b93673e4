import { useEffect, useState } from 'preact/hooks';
import { pages, turned } from '../paging.ts';
import { t } from '../preferences.ts';
import { TURN_MS, turning, wall } from '../turning.ts';

export interface Paged<T> {
  shown: T[];
  page: number;
  count: number;
  turn: (step: number) => void;
}

/** The items of the present page; on a wall pages of `size` that turn by themselves, elsewhere all items. */
export function usePages<T>(items: readonly T[], size: number): Paged<T> {
  const [page, setPage] = useState(0);
  const cut = pages(items, wall.value ? size : Math.max(1, items.length));
  const count = cut.length;
  useEffect(() => {
    if (count < 2) return undefined;
    turning.pagers.value += 1;
    return () => {
      turning.pagers.value -= 1;
    };
  }, [count < 2]);
  useEffect(() => {
    if (count < 2 || !turning.on.value) return undefined;
    const timer = setInterval(() => setPage((now) => turned(now, 1, count)), TURN_MS);
    return () => clearInterval(timer);
  }, [count, turning.on.value]);
  const at = turned(page, 0, count);
  return { shown: cut[at] ?? [], page: at, count, turn: (step) => setPage(turned(at, step, count)) };
}

/** Which page is shown, and a way to the others. Nothing when there is one. */
export function Pager({ paged, of }: { paged: Paged<unknown>; of: string }) {
  if (paged.count < 2) return null;
  return (
    <span class="pager">
      <button type="button" aria-label={`${of}: ${t('page_before')}`} onClick={() => paged.turn(-1)}>‹</button>
      <span aria-label={t('page_of', { page: paged.page + 1, count: paged.count })}>{paged.page + 1}/{paged.count}</span>
      <button type="button" aria-label={`${of}: ${t('page_next')}`} onClick={() => paged.turn(1)}>›</button>
    </span>
  );
}
