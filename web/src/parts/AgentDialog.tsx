import { useState } from 'preact/hooks';
import { deedsFor, type Deed } from '../deeds.ts';
import type { Agent } from '../document.ts';
import { duration } from '../format.ts';
import { language, t } from '../preferences.ts';
import { steer } from '../server.ts';
import { board, elapsed, shown } from '../state.ts';
import { reasonLabel, stateWord } from './Agents.tsx';
import { Dialog, Fact } from './Dialog.tsx';

const MORE_WRAP_UP_SECONDS = 60;

/** One agent: his state, and what this user may ask of him. */
export function AgentDialog({ name }: { name: string }) {
  const agent = board.value?.agents.find((each) => each.name === name);
  if (!agent) return null;
  const { call } = agent;
  const team = board.value?.teams.find((each) => each.name === agent.team)?.label[language.value] ?? t('team_none');
  return (
    <Dialog title={agent.label || agent.name}>
      <dl class="facts">
        <Fact name={t('state')}>{t(stateWord(agent.state))}</Fact>
        <Fact name={t('since')}>{agent.since_seconds === null ? null : duration(agent.since_seconds + elapsed.value)}</Fact>
        <Fact name={t('reason')}>{reasonLabel(agent.reason)}</Fact>
        <Fact name={t('next_state')}>{agent.next_state ? t(stateWord(agent.next_state)) : null}</Fact>
        <Fact name={t('team')}>{team}</Fact>
        <Fact name={t('queue')}>{board.value?.queues.find((queue) => queue.name === agent.queue)?.label[language.value]}</Fact>
      </dl>
      {call && <p><button type="button" onClick={() => (shown.value = { kind: 'call', call })}>{t('see_call')}</button></p>}
      {agent.may_steer && <Deeds agent={agent} />}
    </Dialog>
  );
}

function Deeds({ agent }: { agent: Agent }) {
  const reasons = board.value?.pause_reasons ?? [];
  const [reason, setReason] = useState(reasons[0]?.name ?? 'break');
  const [told, setTold] = useState('');

  async function ask(deed: Deed): Promise<void> {
    const body = deed === 'pause' ? { reason } : deed === 'wrap-up' ? { seconds: MORE_WRAP_UP_SECONDS } : undefined;
    const answer = await steer(agent.name, deed, body);
    setTold(answer.ok ? t('done') : answer.status === 403 ? t('not_allowed') : t('failed', { why: answer.why }));
  }

  const deeds = deedsFor(agent.state);
  return (
    <div class="deeds">
      {deeds.includes('pause') && (
        <label>{t('reason')} {reasons.length ? (
          <select name="reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)}>
            {reasons.map(({ name, label }) => <option key={name} value={name}>{label[language.value]}</option>)}
          </select>
        ) : <input name="reason" value={reason} maxLength={40} onInput={(event) => setReason(event.currentTarget.value)} />}</label>
      )}
      <p>
        {deeds.map((deed) => <button key={deed} type="button" data-deed={deed} onClick={() => void ask(deed)}>{t(`deed_${deed}`)}</button>)}
      </p>
      <p role="status">{told}</p>
    </div>
  );
}
