import type { Queue } from '../document.ts';
import { duration, percentDown, percentExact, percentUp } from '../format.ts';
import { SIGNS, abandonment, longestWait, serviceLevel, type Level } from '../levels.ts';
import { language, t } from '../preferences.ts';
import { board, elapsed } from '../state.ts';
import type { Word } from '../words.ts';
import { Pager, usePages } from './Pager.tsx';

const ON_A_WALL = 6;
const BROAD = 13;
/** How many characters of full size each figure has room for on a wall. */
const ROOM = { queue: 0, waiting: 2, longest: 5, now: 3, today: 3, abandonment: 3 };
const HEADS = ['queue', 'waiting', 'longest', 'now', 'today', 'abandonment'] as const satisfies readonly Word[];

/** The lines: a row each, with the figures that are read from across the room. */
export function Queues() {
  const paged = usePages(board.value?.queues ?? [], ON_A_WALL);
  return (
    <section id="queues" class="queues" aria-labelledby="queues-title" tabIndex={-1}>
      <h2 id="queues-title" class="unseen">{t('queues')}</h2>
      <Pager paged={paged} of={t('queues')} />
      <div role="table" aria-labelledby="queues-title" data-rows={paged.count > 1 ? ON_A_WALL : paged.shown.length}>
        <div role="row" class="heads">
          {HEADS.map((head) => <span key={head} role="columnheader" title={head === 'queue' ? '' : t(`told_${head}`)}>{t(head)}</span>)}
        </div>
        {paged.shown.map((queue) => <Row key={queue.name} queue={queue} />)}
      </div>
    </section>
  );
}

function Row({ queue }: { queue: Queue }) {
  const longest = queue.waiting ? queue.longest_wait_seconds + elapsed.value : 0;
  const late = longestWait(longest, queue.waiting, queue.service_level_seconds);
  const target = t('target_level', { target: percentExact(queue.service_level_target), seconds: queue.service_level_seconds });
  return (
    <div role="row" class="queue" data-queue={queue.name}>
      <Name queue={queue} />
      <Cell head="waiting" level="none" note={queue.waiting ? expected(queue) : ''}>{String(queue.waiting)}</Cell>
      <Cell head="longest" level={late} note={`${SIGNS[late]} ${t('within', { seconds: queue.service_level_seconds })}`} signed>{queue.waiting ? duration(longest) : '–'}</Cell>
      <Cell head="now" unit="%" level={serviceLevel(queue.service_level_now, queue.service_level_target)} note={target}>{percentDown(queue.service_level_now)}</Cell>
      <Cell head="today" unit="%" level={serviceLevel(queue.service_level_today, queue.service_level_target)}
        note={t('calls_today', { offered: queue.offered_today, answered: queue.answered_today })}>{percentDown(queue.service_level_today)}</Cell>
      <Cell head="abandonment" unit="%" level={abandonment(queue.abandonment_today, queue.abandonment_target)}
        note={t('target_most', { target: percentExact(queue.abandonment_target) })}>{percentUp(queue.abandonment_today)}</Cell>
    </div>
  );
}

function expected(queue: Queue): string {
  return queue.estimated_wait_seconds === null ? '' : t('expected', { time: duration(queue.estimated_wait_seconds) });
}

function Name({ queue }: { queue: Queue }) {
  const label = queue.label[language.value];
  const waiting = queue.tiers.filter((tier) => tier.waiting > 0);
  return (
    <span role="rowheader" class="name">
      <b class={broad(label) > BROAD ? 'long' : ''} title={label}>{label}</b>
      <small>
        {t('talking_now', { count: queue.talking })} · {t('ready_now', { count: queue.agents.ready ?? 0 })}
      </small>
      <small class="tiers">
        {waiting.map((tier) => (
          <span key={tier.tier} data-tier={tier.tier}>{tier.label[language.value]} {tier.waiting}</span>
        ))}
        {queue.callbacks > 0 && <span>{t('callbacks_now', { count: queue.callbacks })}</span>}
      </small>
    </span>
  );
}

/** How much room a label takes: a Chinese character counts twice. */
function broad(label: string): number {
  return [...label].reduce((sum, letter) => sum + (letter > '\u2e7f' ? 2 : 1), 0);
}

interface CellProps {
  head: (typeof HEADS)[number];
  level: Level;
  unit?: string;
  note?: string;
  /** The note holds the sign already: long figures leave no room beside them. */
  signed?: boolean;
  children: string;
}

function Cell({ head, level, unit, note, signed, children }: CellProps) {
  const known = children !== '–';
  return (
    <span role="cell" class={`figure ${level}`} data-figure={head} data-head={t(head)}>
      <span class="key">
        <span class={children.length > ROOM[head] ? 'digits much' : 'digits'}>{children}</span>
        {!signed && (
          <span class="marks">
            <span class="sign" aria-hidden="true">{SIGNS[level]}</span>
            {known && unit && <span class="unit">{unit}</span>}
          </span>
        )}
        {level !== 'none' && <span class="unseen"> {t(`level_${level}`)}</span>}
      </span>
      <small>{note ?? ''}</small>
    </span>
  );
}
