// The trend as the charts draw it: minutes gathered into columns. All pure.

import type { Trend } from './document.ts';

export interface Columns {
  /** When each column begins, seconds since 1970. */
  at: number[];
  offered: number[];
  answered: number[];
  abandoned: number[];
  /** The most that waited at once. */
  waiting: number[];
}

/** Gather `minutes` minutes into a column. Columns begin at round times; the first and the last may hold less. */
export function columns(trend: Trend, minutes: number): Columns {
  const width = minutes * 60;
  const from = Date.parse(trend.from) / 1000;
  const gathered = new Map<number, number[]>();
  trend.offered.forEach((_, index) => {
    const at = Math.floor((from + index * trend.every_seconds) / width) * width;
    gathered.set(at, [...(gathered.get(at) ?? []), index]);
  });
  const groups = [...gathered.values()];
  const sum = (of: number[]): number[] => groups.map((group) => group.reduce((all, index) => all + (of[index] ?? 0), 0));
  return {
    at: [...gathered.keys()],
    offered: sum(trend.offered),
    answered: sum(trend.answered),
    abandoned: sum(trend.abandoned),
    waiting: groups.map((group) => Math.max(...group.map((index) => trend.waiting[index] ?? 0))),
  };
}

/** The service level minute by minute, in percent: each is that of the 15 minutes up to its end, so nothing is gathered. */
export function levels(trend: Trend): { at: number[]; level: (number | null)[] } {
  const from = Date.parse(trend.from) / 1000;
  return {
    at: trend.service_level.map((_, index) => from + (index + 1) * trend.every_seconds),
    level: trend.service_level.map((share) => (share === null ? null : share * 100)),
  };
}
