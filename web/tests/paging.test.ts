import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grid, pages, turned } from '../src/paging.ts';

const items = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('every item is on one page, in order, and no page is too full', () => {
  for (let count = 0; count <= 130; count += 1) {
    const cut = pages(items(count), 6);
    assert.deepEqual(cut.flat(), items(count));
    assert.equal(cut.length, Math.max(1, Math.ceil(count / 6)));
    assert.ok(cut.every((page) => page.length <= 6));
    assert.ok(Math.max(...cut.map((page) => page.length)) - Math.min(...cut.map((page) => page.length)) <= 1);
  }
});

test('pages turn round and round, also when some are gone', () => {
  assert.deepEqual([turned(0, 1, 3), turned(2, 1, 3), turned(0, -1, 3), turned(7, 0, 3), turned(5, 1, 1)], [1, 0, 2, 1, 0]);
});

test('the tiles of a page always fit its grid', () => {
  for (let tiles = 0; tiles <= 21; tiles += 1) {
    const { columns, rows } = grid(tiles);
    assert.ok(columns * rows >= tiles, `${tiles} tiles`);
  }
});
