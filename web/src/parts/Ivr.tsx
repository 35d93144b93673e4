import { duration } from '../format.ts';
import { t } from '../preferences.ts';
import { board, elapsed } from '../state.ts';
import { Openable } from './Line.tsx';

/** Who is in the voice menu, by flow; the calls themselves for those who may open them. */
export function Ivr() {
  const ivr = board.value?.ivr;
  if (!ivr) return null;
  return (
    <section class="ivr" aria-labelledby="ivr-title">
      <h2 id="ivr-title">{t('ivr')} <b data-total="ivr">{ivr.active}</b></h2>
      {ivr.active === 0 && <p class="empty">{t('ivr_none')}</p>}
      <ul class="flows">
        {ivr.flows.map(({ flow, calls }) => <li key={flow} data-flow={flow}>{flow} <b>{calls}</b></li>)}
      </ul>
      <ul class="calls">
        {ivr.calls.map((call, index) => (
          <li key={call.call ?? index}>
            <Openable call={call.call}>
              <span class="where">{call.flow}/{call.step}</span>
              <span class="since">{duration(call.seconds + elapsed.value)}</span>
            </Openable>
          </li>
        ))}
      </ul>
    </section>
  );
}
