import { useEffect, useRef } from 'preact/hooks';
import { clock } from '../format.ts';
import { language, t } from '../preferences.ts';
import { announcement, board, offset } from '../state.ts';
import { wall } from '../turning.ts';

const ON_A_WALL = 4;
const key = (alert: { name: string; queue: string | null }): string => `${alert.name} ${alert.queue ?? ''}`;

/** What is wrong now. A new alert is told to screen readers once. */
export function Alerts() {
  const alerts = board.value?.alerts ?? [];
  const first = wall.value ? alerts.slice(0, ON_A_WALL) : alerts;
  const known = useRef<Set<string> | null>(null);
  const names = alerts.map(key).join('\n');
  useEffect(() => {
    const fresh = alerts.filter((alert) => known.current && !known.current.has(key(alert)));
    known.current = new Set(alerts.map(key));
    if (fresh.length) announcement.value = t('alert_new', { what: fresh.map((alert) => alert.summary[language.value]).join('; ') });
  }, [names]);
  return (
    <section class="alerts" aria-labelledby="alerts-title">
      <h2 id="alerts-title">{t('alerts')} {alerts.length > 0 && <b>{alerts.length}</b>}</h2>
      {alerts.length === 0 && <p class="empty good"><span aria-hidden="true">✓</span> {t('alerts_none')}</p>}
      <ul>
        {first.map((alert) => (
          <li key={key(alert)} class={alert.severity === 'critical' ? 'bad' : 'warn'} data-alert={alert.name}>
            <span aria-hidden="true">{alert.severity === 'critical' ? '✖' : '▲'}</span>
            <span>{alert.summary[language.value]}</span>
            <time dateTime={alert.since}>{clock(Date.parse(alert.since), offset.value, false)}</time>
          </li>
        ))}
      </ul>
      {alerts.length > first.length && <p class="more">{t('more', { count: alerts.length - first.length })}</p>}
    </section>
  );
}
