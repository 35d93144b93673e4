import { useEffect, useState } from 'preact/hooks';
import { clock, duration } from '../format.ts';
import { language, t } from '../preferences.ts';
import { callDetail, callReasons, type CallDetail, type Reasons, type Standing, type TrailStep } from '../server.ts';
import { board, offset } from '../state.ts';
import { isWord } from '../words.ts';
import { Dialog, Fact } from './Dialog.tsx';

/** How often a call that goes on is read again. */
const AGAIN_MS = 3000;

/** One call: where it is, why it went where it went, what happened, its way through the menu. */
export function CallDialog({ call }: { call: string }) {
  const [detail, setDetail] = useState<CallDetail | null>(null);
  const [reasons, setReasons] = useState<Reasons | null>(null);
  const [trouble, setTrouble] = useState('');

  async function load(): Promise<void> {
    const [found, why] = await Promise.all([callDetail(call), callReasons(call)]);
    setTrouble(found.ok ? '' : told(found.status, found.why));
    if (found.ok) setDetail(found.value);
    if (why.ok) setReasons(why.value);
  }
  const over = detail?.live === null;
  useEffect(() => {
    void load();
    if (over) return undefined;
    const timer = setInterval(() => void load(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [call, over]);

  return (
    <Dialog title={`${t('call')} ${call}`}>
      {trouble && <p class="trouble" role="alert">{trouble}</p>}
      {!detail && !trouble && <p role="status">{t('loading')}</p>}
      {detail && <Facts detail={detail} />}
      {detail && <Why sentences={reasons?.sentences[language.value] ?? []} />}
      {detail?.explanation?.standing && <Place standing={detail.explanation.standing} />}
      {detail && <Trail steps={detail.record?.trail ?? []} />}
      {detail?.explanation && <Story story={detail.explanation.story} />}
    </Dialog>
  );
}

function told(status: number, why: string): string {
  if (status === 403) return t('not_allowed');
  return status === 404 ? t('not_found') : t('failed', { why });
}

function Facts({ detail: { live, record } }: { detail: CallDetail }) {
  const place = `place_${live?.place ?? 'over'}`;
  const queueName = live?.queue || record?.queue;
  const tierName = live?.tier || record?.tier;
  const agentName = live?.agent || record?.agent;
  const queues = board.value?.queues ?? [];
  const queue = queues.find((each) => each.name === queueName);
  const tier = queues[0]?.tiers.find((each) => each.tier === tierName); // every queue lists every tier
  return (
    <dl class="facts">
      <Fact name={t('place')}>{isWord(place) ? t(place) : place}</Fact>
      <Fact name={t('queue')}>{queue?.label[language.value] ?? queueName}</Fact>
      <Fact name={t('tier')}>{tier?.label[language.value] ?? tierName}</Fact>
      <Fact name={t('agent')}>{board.value?.agents.find((each) => each.name === agentName)?.label ?? agentName}</Fact>
      <Fact name={t('waited')}>{waited(live?.waited_seconds ?? null, record?.wait_ms ?? null)}</Fact>
      <Fact name={t('outcome')}>{record?.outcome}</Fact>
    </dl>
  );
}

function waited(seconds: number | null, ms: number | null): string {
  if (seconds !== null) return duration(seconds);
  return ms === null ? '' : duration(ms / 1000);
}

function Why({ sentences }: { sentences: string[] }) {
  return (
    <section>
      <h3>{t('why')}</h3>
      {sentences.length ? <ul class="sentences">{sentences.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul> : <p class="empty">{t('why_none')}</p>}
    </section>
  );
}

function Place({ standing }: { standing: Standing }) {
  const cannot = Object.entries(standing.ineligible);
  return (
    <section>
      <h3>{t('standing')}</h3>
      <dl class="facts">
        <Fact name={t('position')}>{standing.position}</Fact>
        <Fact name={t('score')}>{Math.round(standing.score)}</Fact>
        <Fact name={t('head_start')}>{duration(standing.head_start_seconds)}</Fact>
        <Fact name={t('bonus')}>{duration(standing.bonus_seconds)}</Fact>
        <Fact name={t('expected_wait')}>{standing.expected_wait_seconds === null ? null : duration(standing.expected_wait_seconds)}</Fact>
        <Fact name={t('eligible')}>{standing.eligible.join(', ') || t('nobody')}</Fact>
      </dl>
      {cannot.length > 0 && (
        <details>
          <summary>{t('ineligible')} ({cannot.length})</summary>
          <dl class="facts">{cannot.map(([agent, why]) => <Fact key={agent} name={agent}>{why}</Fact>)}</dl>
        </details>
      )}
    </section>
  );
}

function Trail({ steps }: { steps: TrailStep[] }) {
  return (
    <section>
      <h3>{t('trail')}</h3>
      {steps.length === 0 ? <p class="empty">{t('trail_none')}</p> : (
        <ol class="trail">
          {steps.map((step, index) => (
            <li key={index}>
              <time>{clock(step.at_ms, offset.value)}</time> <b>{step.flow}/{step.step}</b> {step.type} {step.result} {step.key && <kbd>{step.key}</kbd>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Story({ story }: { story: { at: string; what: string; details: Record<string, unknown> }[] }) {
  return (
    <section>
      <h3>{t('story')}</h3>
      <ol class="story">
        {story.map((line, index) => (
          <li key={index}><time dateTime={line.at}>{clock(Date.parse(line.at), offset.value)}</time> <b>{line.what}</b> {details(line.details)}</li>
        ))}
      </ol>
    </section>
  );
}

// Whoever looks at a call here needs no number of its caller, and others may look over his shoulder.
const PRIVATE = new Set(['caller', 'number']);

function details(values: Record<string, unknown>): string {
  return Object.entries(values)
    .filter(([key, value]) => value !== null && value !== '' && !PRIVATE.has(key))
    .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' · ');
}
