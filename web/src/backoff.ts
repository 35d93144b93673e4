// When to try again after the connection was lost. Pure: chance is handed in.

const FIRST_MS = 500;
const MOST_MS = 10_000;

/** Milliseconds before attempt `failures` + 1: doubling up to ten seconds, spread by a quarter so that walls do not come all at once. */
export function retryMs(failures: number, chance: number): number {
  const base = Math.min(MOST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(base * (0.75 + 0.5 * chance));
}
