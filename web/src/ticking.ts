// Times go on between two documents, and do not jump when the next one comes. Pure: the local clock is handed in.

const REMEMBERED = 60;

/**
 * The server's time, told from the documents that arrived.
 *
 * A document is a little late, never early. The one that was least late of the last minute or two gives the difference of the two clocks;
 * so a document that was held up by the network moves no time on the page, and a local clock that runs wrong is followed.
 */
export class ServerClock {
  #differences: number[] = [];

  /** Note a document written at `atMs` (server's clock) that arrived at `arrivedMs` (local, monotonic). */
  note(atMs: number, arrivedMs: number): void {
    this.#differences.push(atMs - arrivedMs);
    if (this.#differences.length > REMEMBERED) this.#differences.shift();
  }

  /** Forget what was: the server may be another one. */
  reset(): void {
    this.#differences = [];
  }

  /** The server's time at `localMs`; NaN before the first document. */
  at(localMs: number): number {
    return this.#differences.length ? localMs + Math.max(...this.#differences) : Number.NaN;
  }
}

/**
 * How many seconds to add to the durations of a document.
 *
 * nowMs: server's time; atMs: when the document was written; mostMs: figures older than that stand still, since nobody knows any more.
 */
export function elapsedSeconds(nowMs: number, atMs: number, mostMs: number): number {
  const elapsed = Math.min(nowMs - atMs, mostMs);
  return Number.isFinite(elapsed) ? Math.max(0, elapsed) / 1000 : 0;
}

/** Milliseconds until the next full second of a clock that shows `nowMs`; a little more, so as not to wake just before it. */
export function untilNextSecond(nowMs: number): number {
  return Number.isFinite(nowMs) ? 1005 - (((nowMs % 1000) + 1000) % 1000) : 1000;
}
