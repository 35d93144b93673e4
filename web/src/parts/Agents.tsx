import { AGENT_STATES, type Agent, type AgentState } from '../document.ts';
import { duration } from '../format.ts';
import { grid } from '../paging.ts';
import { language, t } from '../preferences.ts';
import { board, elapsed, session, shown } from '../state.ts';
import { wall } from '../turning.ts';
import type { Word } from '../words.ts';
import { StateIcon } from './icons.tsx';
import { Pager, usePages } from './Pager.tsx';

const ON_A_WALL = 21;

/** The word of an agent's state. */
export function stateWord(state: AgentState): Word {
  return state === 'connecting' ? 'connecting_state' : state;
}

/** Why somebody pauses, in words; as it came, when the configuration lists no such reason. */
export function reasonLabel(reason: string): string {
  return board.value?.pause_reasons.find((each) => each.name === reason)?.label[language.value] ?? reason;
}

/** Who is there and what they do, with for how long. The order stays, so that people find themselves. */
export function Agents() {
  const all = board.value?.agents ?? [];
  const paged = usePages(worthATile(all), ON_A_WALL);
  const { columns, rows } = grid(paged.count > 1 ? ON_A_WALL : paged.shown.length);
  return (
    <section class="agents" aria-labelledby="agents-title">
      <h2 id="agents-title">{t('agents')}</h2>
      <Counts agents={all} />
      <Pager paged={paged} of={t('agents')} />
      {all.length === 0 && <p class="empty">{t('no_agents')}</p>}
      <ul class="tiles" data-rows={rows} style={{ '--columns': columns, '--rows': rows }}>
        {paged.shown.map((agent) => <Tile key={agent.name} agent={agent} />)}
      </ul>
    </section>
  );
}

/** Those who are there come first. Where not all have room on a wall, whoever is logged out is only counted. */
function worthATile(agents: Agent[]): Agent[] {
  const here = agents.filter((agent) => agent.state !== 'logged_out');
  const away = agents.filter((agent) => agent.state === 'logged_out');
  return wall.value && agents.length > ON_A_WALL ? here : [...here, ...away];
}

function Counts({ agents }: { agents: Agent[] }) {
  const counted = AGENT_STATES.map((state) => [state, agents.filter((agent) => agent.state === state).length] as const);
  return (
    <ul class="counts">
      {counted.filter(([, count]) => count > 0).map(([state, count]) => (
        <li key={state} class={state} data-state={state}><StateIcon state={state} /> {t(stateWord(state))} <b>{count}</b></li>
      ))}
    </ul>
  );
}

function Tile({ agent }: { agent: Agent }) {
  const seconds = agent.since_seconds === null ? null : agent.since_seconds + elapsed.value;
  const content = (
    <>
      <span class="who">{agent.label || agent.name}</span>
      <span class="doing">
        <StateIcon state={agent.state} /> {agent.state === 'paused' && agent.reason ? reasonLabel(agent.reason) : t(stateWord(agent.state))}
        {agent.next_state && ` ${t('then', { state: t(stateWord(agent.next_state)) })}`}
      </span>
      <span class="since">
        {agent.state === 'logged_out' ? '' : duration(seconds)}
        {agent.over_limit && <b> ! {t('over_limit')}</b>}
      </span>
    </>
  );
  return (
    <li class={`${agent.state}${agent.over_limit ? ' late' : ''}`} data-agent={agent.name} data-state={agent.state}>
      {session.value?.role === 'display' ? content : (
        <button type="button" onClick={() => (shown.value = { kind: 'agent', agent: agent.name })}>{content}</button>
      )}
    </li>
  );
}
