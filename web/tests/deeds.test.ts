import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedsFor } from '../src/deeds.ts';
import { AGENT_STATES } from '../src/document.ts';

test('an agent who is there can always be paused and logged out, one who is not logged in', () => {
  for (const state of AGENT_STATES) {
    const deeds = deedsFor(state);
    if (state === 'logged_out') assert.deepEqual(deeds, ['login']);
    else assert.ok(deeds.includes('pause') && deeds.includes('logout') && !deeds.includes('login'), state);
  }
});

test('whoever is held back by something can be made ready again', () => {
  assert.deepEqual(['wrap_up', 'backoff'].map((state) => deedsFor(state as 'wrap_up')[0]), ['ready', 'ready']);
  assert.equal(deedsFor('paused')[0], 'unpause');
});
