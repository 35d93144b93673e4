import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerClock, elapsedSeconds, untilNextSecond } from '../src/ticking.ts';

test('a document that was held up moves no time on the page', () => {
  const clock = new ServerClock();
  assert.ok(Number.isNaN(clock.at(5)));
  clock.note(1_000_000, 100);
  clock.note(1_002_000, 2900); // 800 ms late
  assert.equal(clock.at(3100), 1_003_000);
  clock.note(1_004_000, 4050); // the least late so far
  assert.equal(clock.at(4050), 1_004_000);
});

test('an hour of documents, late by up to 900 ms: a wait never jumps back and is never two seconds off', () => {
  const clock = new ServerClock();
  let before = -1;
  for (let written = 0; written < 3_600_000; written += 2000) {
    const local = written * 1.0001 + 77 + ((written / 2000) * 7919) % 900; // the local clock runs fast: 360 ms in an hour
    clock.note(written, local);
    const shown = Math.floor(elapsedSeconds(clock.at(local), written, 10_000) + written / 1000);
    assert.ok(shown >= before, `${shown} after ${before}`);
    assert.ok(Math.abs(shown - written / 1000) < 2);
    before = shown;
  }
});

test('another server, another clock', () => {
  const clock = new ServerClock();
  clock.note(9_000_000, 0);
  clock.reset();
  clock.note(1000, 500);
  assert.equal(clock.at(500), 1000);
});

test('old figures stand still', () => {
  assert.equal(elapsedSeconds(11_500, 10_000, 10_000), 1.5);
  assert.equal(elapsedSeconds(99_000, 10_000, 10_000), 10);
  assert.equal(elapsedSeconds(9000, 10_000, 10_000), 0);
  assert.equal(elapsedSeconds(Number.NaN, 10_000, 10_000), 0);
});

test('the page wakes just after the full second', () => {
  assert.deepEqual([0, 1, 999, 12_345].map(untilNextSecond), [1005, 1004, 6, 660]);
  assert.equal(untilNextSecond(Number.NaN), 1000);
});
