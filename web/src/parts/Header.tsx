import { useEffect, useRef } from 'preact/hooks';
import { clock, duration } from '../format.ts';
import { language, switchLanguage, switchTheme, t, theme } from '../preferences.ts';
import { logOut } from '../server.ts';
import { ageSeconds, announcement, board, connection, offset, serverMs, session } from '../state.ts';
import { leave } from '../stream.ts';
import { turning } from '../turning.ts';

/** Name, totals, connection, time, and the switches. */
export function Header() {
  return (
    <header>
      <h1>{t('title')}</h1>
      <Totals />
      <Connection />
      <Time />
      <Switches />
    </header>
  );
}

function Totals() {
  const queues = board.value?.queues ?? [];
  const agents = board.value?.agents ?? [];
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const inState = (state: string): number => agents.filter((agent) => agent.state === state).length;
  const totals = [['waiting', waiting], ['talking', inState('talking')], ['ready', inState('ready')], ['paused', inState('paused')]] as const;
  return (
    <dl class="totals">
      {totals.map(([word, count]) => (
        <div key={word}>
          <dt>{t(word)}</dt>
          <dd data-total={word}>{count}</dd>
        </div>
      ))}
    </dl>
  );
}

function Connection() {
  const links = board.value?.links;
  const lost = connection.value !== 'live';
  return (
    <p class="connection">
      <span class={lost ? 'link down' : 'link'}>{t(lost ? 'lost' : 'live')}</span>
      <span class="age">{t('age', { seconds: Math.floor(ageSeconds.value) })}</span>
      {links && (['ami', 'database', 'store'] as const).filter((name) => !links[name]).map((name) => (
        <span key={name} class="link down">{t(`link_${name}`)} {t('down')}</span>
      ))}
    </p>
  );
}

function Time() {
  if (Number.isNaN(serverMs.value)) return null;
  return <time class="clock" dateTime={clock(serverMs.value, offset.value)}>{clock(serverMs.value, offset.value, connection.value === 'live')}</time>;
}

function Switches() {
  const who = session.value;
  return (
    <nav aria-label={t('title')}>
      {turning.pagers.value > 0 && (
        <button type="button" aria-pressed={!turning.on.value} onClick={() => (turning.on.value = !turning.on.value)}>
          {t(turning.on.value ? 'pages_stop' : 'pages_go')}
        </button>
      )}
      {who?.role === 'operations_manager' && <a href="/reports">{t('reports')}</a>}
      <button type="button" data-switch="language" lang={language.value === 'zh' ? 'en' : 'zh-CN'} onClick={switchLanguage}>{t('language')}</button>
      <button type="button" data-switch="theme" onClick={switchTheme}>{t(theme.value === 'dark' ? 'theme_light' : 'theme_dark')}</button>
      {who && who.role !== 'display' && (
        <button type="button" data-switch="session" onClick={() => void goAway()} title={who.name}>{t('log_out')}</button>
      )}
    </nav>
  );
}

async function goAway(): Promise<void> {
  const answer = await logOut();
  if (!answer.ok && answer.status !== 401) {
    announcement.value = t('failed', { why: answer.why });
    return;
  }
  leave();
  session.value = null;
  board.value = null;
}

/** What everybody must see at once: the connection is lost, or the server is not ready. */
export function Banner() {
  const lost = connection.value === 'lost';
  const before = useRef(connection.value);
  useEffect(() => {
    if (before.current === connection.value) return;
    announcement.value = t(connection.value === 'live' ? 'back' : 'lost');
    before.current = connection.value;
  }, [connection.value]);
  if (lost) return <p class="banner lost">{t('lost_told', { time: written(), age: duration(ageSeconds.value) })}</p>;
  if (board.value && !board.value.ready) return <p class="banner">{t('not_ready', { what: missing() })}</p>;
  return null;
}

function written(): string {
  return board.value ? clock(Date.parse(board.value.at), offset.value) : '';
}

function missing(): string {
  const links = board.value?.links;
  const down = (['ami', 'database', 'store'] as const).filter((name) => links && !links[name]);
  return down.length ? down.map((name) => `${t(`link_${name}`)} ${t('down')}`).join(' · ') : t('not_ready_else');
}
