// Keeps the stream of documents open: says when it is lost, tries again with growing pauses, gives up only when nobody is logged in.

import { retryMs } from './backoff.ts';
import type { Board } from './document.ts';
import { EventReader } from './events.ts';
import { whoAmI } from './server.ts';
import { connection, session, take } from './state.ts';

/** The server sends something at least every two seconds; after this long the connection is dead, whatever TCP believes. */
const SILENCE_MS = 8000;

let wake: () => void = () => undefined;
let running: AbortController | null = null;

/** Open the stream, or open it again for another user. */
export function follow(): void {
  running?.abort();
  running = new AbortController();
  void keepOpen(running.signal);
}

/** Close the stream. */
export function leave(): void {
  running?.abort();
}

/** Try at once: the network came back, or somebody looks again. */
export function retryNow(): void {
  wake();
}

async function keepOpen(stop: AbortSignal): Promise<void> {
  for (let failures = 0; !stop.aborted; ) {
    const heard = await openOnce(stop);
    if (stop.aborted || session.value === null) return;
    failures = heard ? 1 : failures + 1;
    connection.value = 'lost';
    await pause(retryMs(failures, Math.random()));
  }
}

/** Read one stream to its end; returns whether a document came. */
async function openOnce(stop: AbortSignal): Promise<boolean> {
  if (!(await known())) return false;
  const broken = new AbortController();
  const giveUp = (): void => broken.abort();
  stop.addEventListener('abort', giveUp);
  let heard = false;
  let silence = setTimeout(giveUp, SILENCE_MS);
  try {
    const response = await fetch('/api/board/stream', { signal: broken.signal, cache: 'no-store' });
    if (response.status === 401) session.value = undefined; // asked anew: it may have ended
    if (!response.ok || !response.body) return false;
    const reader = new EventReader();
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      clearTimeout(silence);
      silence = setTimeout(giveUp, SILENCE_MS);
      for (const event of reader.feed(piece.value)) {
        if (event.event !== 'board') continue;
        take(JSON.parse(event.data) as Board);
        heard = true;
      }
    }
  } catch {
    // lost: what follows is the same whatever broke
  } finally {
    clearTimeout(silence);
    stop.removeEventListener('abort', giveUp);
    broken.abort();
  }
  return heard;
}

/** Whether the server knows who we are; asked once, and again when it forgot. */
async function known(): Promise<boolean> {
  if (session.value) return true;
  const answer = await whoAmI();
  if (answer.ok) session.value = answer.value;
  else if (answer.status === 401 || answer.status === 403) session.value = null;
  return answer.ok;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
