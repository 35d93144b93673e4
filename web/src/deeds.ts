// What can be asked of an agent. Whether this user may ask it, the server says with each agent (`may_steer`).

import type { AgentState } from './document.ts';

export type Deed = 'login' | 'logout' | 'pause' | 'unpause' | 'ready' | 'wrap-up';

/** What makes sense for an agent in this state. */
export function deedsFor(state: AgentState): Deed[] {
  switch (state) {
    case 'logged_out':
      return ['login'];
    case 'paused':
      return ['unpause', 'pause', 'logout'];
    case 'wrap_up':
      return ['ready', 'wrap-up', 'pause', 'logout'];
    case 'backoff':
      return ['ready', 'pause', 'logout'];
    default:
      return ['pause', 'logout'];
  }
}
