// How a figure stands against its target: shown by colour and by sign, never by colour alone. All pure.

export type Level = 'good' | 'warn' | 'bad' | 'none';

/** A sign for each level, so that nobody needs to tell red from green. */
export const SIGNS: Record<Level, string> = { good: '✓', warn: '▲', bad: '✖', none: '' };

/** Service level against its target: met, missed by at most ten points, missed by more. */
export function serviceLevel(share: number | null, target: number): Level {
  if (share === null) return 'none';
  if (share >= target) return 'good';
  return share >= target - 0.1 ? 'warn' : 'bad';
}

/** Abandonment against its target: kept, up to half as much again, more. */
export function abandonment(share: number | null, target: number): Level {
  if (share === null) return 'none';
  if (share <= target) return 'good';
  return share <= target * 1.5 ? 'warn' : 'bad';
}

/** The longest wait against the seconds of the service level: within, up to three times, longer. Nobody waits: none. */
export function longestWait(seconds: number, waiting: number, limitSeconds: number): Level {
  if (waiting === 0) return 'none';
  if (seconds <= limitSeconds) return 'good';
  return seconds <= limitSeconds * 3 ? 'warn' : 'bad';
}
