import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columns, levels } from '../src/trend.ts';

const trend = {
  every_seconds: 60,
  from: '2026-11-22T09:03:00+08:00',
  offered: [1, 2, 3, 4],
  answered: [1, 1, 3, 0],
  abandoned: [0, 1, 0, 0],
  waiting: [2, 5, 1, 0],
  service_level: [1, 0.5, null, null],
};

test('columns begin at round times and lose no call', () => {
  const found = columns(trend, 5);
  assert.deepEqual(found.at.map((at) => new Date(at * 1000).toISOString()), ['2026-11-22T01:00:00.000Z', '2026-11-22T01:05:00.000Z']);
  assert.deepEqual([found.offered, found.answered, found.abandoned], [[3, 7], [2, 3], [1, 0]]);
  assert.deepEqual(found.waiting, [5, 1]);
});

test('a service level stands at the end of its minute; one that is not known stays a gap', () => {
  const found = levels(trend);
  assert.deepEqual(found.level, [100, 50, null, null]);
  assert.equal(new Date((found.at[0] ?? 0) * 1000).toISOString(), '2026-11-22T01:04:00.000Z');
});

test('no minutes, no columns', () => {
  const none = { ...trend, offered: [], answered: [], abandoned: [], waiting: [], service_level: [] };
  assert.deepEqual(columns(none, 5), { at: [], offered: [], answered: [], abandoned: [], waiting: [] });
});
