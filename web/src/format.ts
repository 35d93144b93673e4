// Figures as people read them. All pure.

const MINUTE = 60;
const HOUR = 3600;
export const NOTHING = '–';

/** A duration as `m:ss`; from 100 minutes on as `1h40`. Parts of a second are dropped: a clock shows what is full. */
export function duration(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 100 * MINUTE) return `${Math.floor(whole / HOUR)}h${two(Math.floor((whole % HOUR) / MINUTE))}`;
  return `${Math.floor(whole / MINUTE)}:${two(whole % MINUTE)}`;
}

/** A share as whole percent, rounded down: 89.9 % is not yet 90. Floating-point dust below a thousandth of a percent does not count. */
export function percentDown(share: number | null): string {
  return share === null ? NOTHING : `${Math.floor(share * 100 + 1e-5)}`;
}

/** A share as percent, rounded up (what should stay low must not look lower), one decimal below 10 %. */
export function percentUp(share: number | null): string {
  if (share === null) return NOTHING;
  const percent = share * 100 - 1e-5;
  if (percent <= 0) return '0';
  return percent < 10 ? `${Math.ceil(percent * 10) / 10}` : `${Math.ceil(percent)}`;
}

/** A target as percent, exactly as configured. */
export function percentExact(share: number): string {
  return `${Number((share * 100).toFixed(2))}`;
}

/** Minutes that an ISO instant's offset is ahead of UTC; 0 when it has none. */
export function offsetMinutes(instant: string): number {
  const found = /([+-])(\d\d):?(\d\d)$/.exec(instant);
  if (!found) return 0;
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * MINUTE + Number(found[3]));
}

/** The time of day where the hotline is: `epochMs` shown with the offset of one of its instants. */
export function clock(epochMs: number, offset: number, withSeconds = true): string {
  return new Date(epochMs + offset * 60_000).toISOString().slice(11, withSeconds ? 19 : 16);
}

/** The weekday and date there, as `2026-11-22`. */
export function day(epochMs: number, offset: number): string {
  return new Date(epochMs + offset * 60_000).toISOString().slice(0, 10);
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
