import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryMs } from '../src/backoff.ts';
import { EventReader } from '../src/events.ts';

const STREAM = ': hello\n\nevent: board\ndata: {"a":\ndata: 1}\n\nevent: board\r\ndata:{"b":2}\r\n\r\n:beat\n\nid: 7\nretry: 5\ndata: plain\n\nevent: lost\n\n';
const EVENTS = [
  { event: 'board', data: '{"a":\n1}' },
  { event: 'board', data: '{"b":2}' },
  { event: 'message', data: 'plain' },
];

test('events are the same wherever the stream is cut', () => {
  assert.deepEqual(new EventReader().feed(STREAM), EVENTS);
  for (let size = 1; size < STREAM.length; size += 1) {
    const reader = new EventReader();
    const found = [];
    for (let from = 0; from < STREAM.length; from += size) found.push(...reader.feed(STREAM.slice(from, from + size)));
    assert.deepEqual(found, EVENTS, `pieces of ${size}`);
  }
});

test('attempts come later and later, never more than twelve and a half seconds apart', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 99].map((failures) => retryMs(failures, 0.5)), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.deepEqual([retryMs(1, 0), retryMs(1, 1), retryMs(50, 1)], [375, 625, 12_500]);
});
