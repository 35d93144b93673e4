import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/wall.css';
import './style/dialogs.css';
import { App } from './parts/App.tsx';
import { followPreferences } from './preferences.ts';
import { followVersion, tick } from './state.ts';
import { follow, leave, retryNow } from './stream.ts';

followPreferences();
followVersion();
tick();
follow();
addEventListener('online', retryNow);
// A browser keeps pages it left for a while, and their connections; it has only six of those.
addEventListener('pagehide', leave);
addEventListener('pageshow', (event) => {
  if (event.persisted) follow();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) retryNow();
});

const root = document.getElementById('app');
if (root) render(<App />, root);
