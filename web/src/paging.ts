// What does not fit on a wall is shown page after page. All pure.

/** Cut into pages of at most `size`, as even as can be: 13 by 6 are 5, 4 and 4. Without items one empty page. */
export function pages<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  const cut: T[][] = [];
  let from = 0;
  for (let page = 0; page < count; page += 1) {
    const upTo = from + Math.ceil((items.length - from) / (count - page));
    cut.push(items.slice(from, upTo));
    from = upTo;
  }
  return cut;
}

/** The page that is `step` on from `page`, round and round; also right after the number of pages shrank. */
export function turned(page: number, step: number, count: number): number {
  return (((page + step) % count) + count) % count;
}

/** Columns and rows for so many tiles on a wall, at most `most` in all: few are large, many are small. */
export function grid(tiles: number): { columns: number; rows: number } {
  if (tiles <= 5) return { columns: 5, rows: 1 };
  if (tiles <= 10) return { columns: 5, rows: 2 };
  if (tiles <= 14) return { columns: 7, rows: 2 };
  return { columns: 7, rows: 3 };
}
