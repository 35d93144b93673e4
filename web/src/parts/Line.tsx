import type { Waiting } from '../document.ts';
import { duration } from '../format.ts';
import { language, t } from '../preferences.ts';
import { board, elapsed, shown } from '../state.ts';
import { wall } from '../turning.ts';

const ON_A_WALL = 6;

/** Who waits, the longest first, with the place in his line: never a number, a call's id only where it may be opened. */
export function Line() {
  const line = [...(board.value?.line ?? [])].sort((one, other) => other.waited_seconds - one.waited_seconds);
  const first = wall.value ? line.slice(0, ON_A_WALL) : line;
  return (
    <section class="line" aria-labelledby="line-title">
      <h2 id="line-title">{t('line')} <b>{line.length}</b></h2>
      {line.length === 0 ? <p class="empty">{t('line_empty')}</p> : (
        <ol>{first.map((waiting) => <Caller key={`${waiting.queue} ${waiting.position} ${waiting.callback}`} waiting={waiting} />)}</ol>
      )}
      {line.length > first.length && <p class="more">{t('more', { count: line.length - first.length })}</p>}
    </section>
  );
}

function Caller({ waiting }: { waiting: Waiting }) {
  const queue = board.value?.queues.find((each) => each.name === waiting.queue);
  const tier = queue?.tiers.find((each) => each.tier === waiting.tier);
  const content = (
    <>
      <span class="place">{waiting.position}</span>
      <span class="where">{queue?.label[language.value] ?? waiting.queue}</span>
      <span class="tier" data-tier={waiting.tier}>{tier?.label[language.value] ?? waiting.tier}{waiting.callback && ` · ${t('callback')}`}</span>
      <span class="since">{duration(waiting.waited_seconds + elapsed.value)}</span>
    </>
  );
  return <li data-position={waiting.position} data-queue={waiting.queue}><Openable call={waiting.call}>{content}</Openable></li>;
}

/** Something of a call: a button where its trail may be seen, plain text elsewhere. */
export function Openable({ call, children }: { call: string | null; children: preact.ComponentChildren }) {
  if (!call) return <span class="row">{children}</span>;
  return <button type="button" class="row" data-call={call} onClick={() => (shown.value = { kind: 'call', call })}>{children}</button>;
}
