import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIGNS, abandonment, longestWait, serviceLevel } from '../src/levels.ts';

test('each level has a sign of its own', () => {
  assert.equal(new Set(Object.values(SIGNS)).size, 4);
});

test('a service level stands against its target', () => {
  assert.deepEqual([null, 1, 0.9, 0.899, 0.8, 0.79].map((share) => serviceLevel(share, 0.9)), ['none', 'good', 'good', 'warn', 'warn', 'bad']);
});

test('abandonment should stay low', () => {
  assert.deepEqual([null, 0, 0.05, 0.06, 0.075, 0.08].map((share) => abandonment(share, 0.05)), ['none', 'good', 'good', 'warn', 'warn', 'bad']);
});

test('the longest wait counts only while somebody waits', () => {
  assert.deepEqual([5, 20, 21, 60, 61].map((seconds) => longestWait(seconds, 1, 20)), ['good', 'good', 'warn', 'warn', 'bad']);
  assert.equal(longestWait(500, 0, 20), 'none');
});
