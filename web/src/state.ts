// What the page knows, as signals: who looks at it, the latest document, the connection, the time, and which dialog is open.

import { computed, effect, signal } from '@preact/signals';
import type { Board, Session } from './document.ts';
import { offsetMinutes } from './format.ts';
import { usualLanguage } from './preferences.ts';
import { ServerClock, elapsedSeconds, untilNextSecond } from './ticking.ts';

/** Figures older than this stand still: nobody knows any more. */
const STANDS_STILL_MS = 10_000;

export type Shown = { kind: 'call'; call: string } | { kind: 'agent'; agent: string } | null;

/** undefined: not known yet; null: nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);
export const board = signal<Board | null>(null);
export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');
export const shown = signal<Shown>(null);
/** What a screen reader is told: only what happened, never the figures that always change. */
export const announcement = signal('');

const clock = new ServerClock();
const localMs = signal(performance.now());
const writtenMs = computed(() => (board.value ? Date.parse(board.value.at) : Number.NaN));

/** The server's time now, milliseconds since 1970; NaN before the first document. */
export const serverMs = computed(() => (board.value ? clock.at(localMs.value) : Number.NaN));
/** Seconds to add to the durations of the document. */
export const elapsed = computed(() => elapsedSeconds(serverMs.value, writtenMs.value, STANDS_STILL_MS));
/** How old the figures are. */
export const ageSeconds = computed(() => elapsedSeconds(serverMs.value, writtenMs.value, Number.POSITIVE_INFINITY));
export const offset = computed(() => offsetMinutes(board.value?.at ?? ''));

/** Take a document. */
export function take(document: Board): void {
  const arrivedMs = performance.now();
  if (connection.value !== 'live') clock.reset();
  clock.note(Date.parse(document.at), arrivedMs);
  localMs.value = arrivedMs;
  usualLanguage.value = session.value?.language ?? document.language;
  board.value = document;
  connection.value = 'live';
}

/** Let the time go on, a step right after each full second. */
export function tick(): void {
  localMs.value = performance.now();
  setTimeout(tick, untilNextSecond(clock.at(localMs.value)));
}

/** A wall hangs for months: when the server was replaced by another version, its page is loaded again, unless somebody is reading. */
export function followVersion(): void {
  let first = '';
  effect(() => {
    const version = board.value?.version ?? '';
    first ||= version;
    if (version !== first && shown.value === null) location.reload();
  });
}
