// Whether pages turn by themselves, and how many lists have more than one; and whether this screen is a wall at all.

import { signal } from '@preact/signals';

export const TURN_MS = 12_000;

/** A wide screen shows everything at once and turns pages; a phone shows everything below one another. The same words stand in wall.css. */
const wide = matchMedia('(min-width: 1000px) and (min-aspect-ratio: 8/5)');

export const wall = signal(wide.matches);
wide.addEventListener('change', (event) => (wall.value = event.matches));

export const turning = { on: signal(true), pagers: signal(0) };
