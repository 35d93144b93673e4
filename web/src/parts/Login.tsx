import { useState } from 'preact/hooks';
import { language, switchLanguage, switchTheme, t, theme } from '../preferences.ts';
import { logIn } from '../server.ts';
import { connection, session } from '../state.ts';
import { follow } from '../stream.ts';
import { wantedPath } from '../wanted.ts';

/** The form for people; a wall whose link was revoked is told so. */
export function Login() {
  const [trouble, setTrouble] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    const answer = await logIn(String(given.get('name')), String(given.get('password')));
    setBusy(false);
    if (!answer.ok) return setTrouble(told(answer.status, answer.retrySeconds, answer.why));
    const wanted = wantedPath(location.search);
    if (wanted !== null) return location.assign(wanted);
    session.value = answer.value;
    connection.value = 'connecting';
    if (location.pathname !== '/wallboard') history.replaceState(null, '', '/wallboard');
    return follow();
  }

  return (
    <main class="login">
      <h1>{t('title')}</h1>
      <form onSubmit={(event) => void submit(event)}>
        <label>{t('user')} <input name="name" autocomplete="username" autocapitalize="none" required maxLength={64} autofocus /></label>
        <label>{t('password')} <input name="password" type="password" autocomplete="current-password" required maxLength={256} /></label>
        <p class="trouble" role="alert">{trouble}</p>
        <button type="submit" class="primary" disabled={busy}>{t('log_in')}</button>
      </form>
      <p class="hint">{t('login_first')}</p>
      <nav>
        <button type="button" data-switch="language" lang={language.value === 'zh' ? 'en' : 'zh-CN'} onClick={switchLanguage}>{t('language')}</button>
        <button type="button" data-switch="theme" onClick={switchTheme}>{t(theme.value === 'dark' ? 'theme_light' : 'theme_dark')}</button>
      </nav>
    </main>
  );
}

function told(status: number, retrySeconds: number, why: string): string {
  if (status === 0) return t('login_unreachable');
  if (status === 429) return t('login_wait', { seconds: retrySeconds });
  return status === 401 || status === 422 ? t('login_wrong') : t('failed', { why });
}
