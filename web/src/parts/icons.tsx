import type { AgentState } from '../document.ts';

// A shape for each state, so that colour is never all there is.
const SHAPES: Record<AgentState, string> = {
  talking: 'M3 4h18v12H11l-5 5v-5H3z',
  connecting: 'M3 10h11V5l8 7-8 7v-5H3z',
  offered: 'M12 2a7 7 0 0 1 7 7v5l2 4H3l2-4V9a7 7 0 0 1 7-7zM9 20h6a3 3 0 0 1-6 0z',
  cancelling: 'M21 10H10V5l-8 7 8 7v-5h11z',
  ready: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM10.500 17 5.500 12l2-2 3 3 6-6 2 2z',
  wrap_up: 'M4 2h16v20H4zM7 6v2h10V6zM7 11v2h10v-2zM7 16v2h6v-2z',
  paused: 'M5 3h5v18H5zM14 3h5v18h-5z',
  backoff: 'M12 2 23 21H1zM11 9v6h2V9zM11 17v2h2v-2z',
  logged_out: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14z',
};

/** The shape of an agent's state; what it means is said in words beside it. */
export function StateIcon({ state }: { state: AgentState }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[state]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
