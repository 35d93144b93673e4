import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, day, duration, offsetMinutes, percentDown, percentExact, percentUp } from '../src/format.ts';

test('a duration drops parts of a second and turns to hours when minutes get long', () => {
  const told = [null, -1, 0, 7.99, 60, 754, 5999, 6000, 36_061].map(duration);
  assert.deepEqual(told, ['–', '0:00', '0:00', '0:07', '1:00', '12:34', '99:59', '1h40', '10h01']);
});

test('a service level is never shown better than it is, an abandonment never lower', () => {
  assert.deepEqual([null, 0, 0.8999, 0.9, 0.29, 1].map(percentDown), ['–', '0', '89', '90', '29', '100']);
  assert.deepEqual([null, 0, 0.0501, 0.05, 0.0999, 0.1, 0.501, 1].map(percentUp), ['–', '0', '5.1', '5', '10', '10', '51', '100']);
  assert.deepEqual([0.9, 0.05, 0.125, 0.07].map(percentExact), ['90', '5', '12.5', '7']);
});

test('the time of day is that of the hotline, wherever the browser is', () => {
  const instant = '2026-11-22T23:59:58.250+08:00';
  assert.equal(offsetMinutes(instant), 480);
  assert.equal(offsetMinutes('2026-11-22T00:00:00-03:30'), -210);
  assert.equal(offsetMinutes('2026-11-22T00:00:00Z'), 0);
  assert.equal(clock(Date.parse(instant), 480), '23:59:58');
  assert.equal(clock(Date.parse(instant), 480, false), '23:59');
  assert.equal(day(Date.parse(instant) + 2000, 480), '2026-11-23');
});
