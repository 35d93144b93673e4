import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantedPath } from '../src/wanted.ts';

test('whoever was asked to log in first goes on to the page he wanted', () => {
  assert.equal(wantedPath('?next=%2Freports%2Fday%3Fqueue%3Dbilling'), '/reports/day?queue=billing');
  for (const nothing of ['', '?next=', '?other=%2Freports']) assert.equal(wantedPath(nothing), null);
});

test('nobody is led to another server', () => {
  for (const bad of ['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example', 'javascript:alert(1)', '/a\\b', '/\t/elsewhere.example', '/\n/elsewhere.example', '/ /elsewhere.example']) {
    assert.equal(wantedPath(`?next=${encodeURIComponent(bad)}`), null, bad);
  }
});
