import { t } from '../preferences.ts';
import { announcement, board, connection, session, shown } from '../state.ts';
import { Agents } from './Agents.tsx';
import { AgentDialog } from './AgentDialog.tsx';
import { Alerts } from './Alerts.tsx';
import { CallDialog } from './CallDialog.tsx';
import { Banner, Header } from './Header.tsx';
import { Ivr } from './Ivr.tsx';
import { Line } from './Line.tsx';
import { Login } from './Login.tsx';
import { Queues } from './Queues.tsx';
import { Trends } from './Trends.tsx';

/** The whole page: a log-in form for nobody, the board for whoever the server knows. */
export function App() {
  if (session.value === null) return <Login />;
  if (!board.value) return <p class="first" role="status">{t(connection.value === 'lost' ? 'lost' : 'connecting')}</p>;
  return <Wallboard />;
}

function Wallboard() {
  return (
    <div class="board" data-connection={connection}>
      <a class="skip" href="#queues">{t('skip')}</a>
      <Header />
      <Banner />
      <main>
        <Queues />
        <Agents />
      </main>
      <aside aria-label={`${t('alerts')}, ${t('line')}, ${t('trend')}`}>
        <Alerts />
        <Line />
        <Ivr />
        <Trends />
      </aside>
      <p class="unseen" role="status" aria-live="polite">{announcement}</p>
      {shown.value?.kind === 'call' && <CallDialog key={shown.value.call} call={shown.value.call} />}
      {shown.value?.kind === 'agent' && <AgentDialog key={shown.value.agent} name={shown.value.agent} />}
    </div>
  );
}
