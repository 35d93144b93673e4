import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Trend } from '../document.ts';
import { clock } from '../format.ts';
import { language, t, theme } from '../preferences.ts';
import { board, offset } from '../state.ts';
import { columns, levels } from '../trend.ts';

const MINUTES = 5;

/** Three hours as three small charts, and in words for those who cannot see them. */
export function Trends() {
  const trend = board.value?.trend;
  if (!trend) return null;
  const found = columns(trend, MINUTES);
  const sum = (of: number[]): number => of.reduce((all, one) => all + one, 0);
  const told = t('trend_told', {
    offered: sum(found.offered), answered: sum(found.answered), abandoned: sum(found.abandoned), waiting: Math.max(0, ...found.waiting),
  });
  return (
    <section class="trends" aria-labelledby="trends-title">
      <h2 id="trends-title">{t('trend')}</h2>
      <p class="unseen">{told}</p>
      <Chart kind="calls" trend={trend} />
      <Chart kind="waiting" trend={trend} />
      <Chart kind="level" trend={trend} />
    </section>
  );
}

type Kind = 'calls' | 'waiting' | 'level';

function Chart({ kind, trend }: { kind: Kind; trend: Trend }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = dataOf(kind, trend);
  useEffect(() => {
    const here = place.current;
    if (!here) return undefined;
    const made = new uPlot(options(kind, here), data, here);
    const sized = new ResizeObserver(() => made.setSize({ width: here.clientWidth, height: here.clientHeight }));
    sized.observe(here);
    plot.current = made;
    return () => {
      sized.disconnect();
      made.destroy();
    };
  }, [theme.value, language.value]);
  useEffect(() => plot.current?.setData(data), [JSON.stringify(data)]);
  return (
    <figure>
      <figcaption>{t(`trend_${kind}`)}{kind === 'calls' && <Legend />}</figcaption>
      <div ref={place} class="chart" aria-hidden="true" data-chart={kind} />
    </figure>
  );
}

function Legend() {
  return <span class="legend">{(['offered', 'answered', 'abandoned'] as const).map((name) => <span key={name} class={name}>{t(`series_${name}`)}</span>)}</span>;
}

function dataOf(kind: Kind, trend: Trend): uPlot.AlignedData {
  if (kind === 'level') {
    const { at, level } = levels(trend);
    return [at, level];
  }
  const found = columns(trend, MINUTES);
  return kind === 'waiting' ? [found.at, found.waiting] : [found.at, found.offered, found.answered, found.abandoned];
}

function options(kind: Kind, here: HTMLElement): uPlot.Options {
  const style = getComputedStyle(here);
  const ink = (name: string): string => style.getPropertyValue(name).trim();
  const em = Math.round(Number.parseFloat(style.fontSize)); // uPlot reads whole pixels only
  const font = `${em}px ${style.fontFamily}`;
  const axis = { stroke: ink('--ink'), font, grid: { stroke: ink('--rule'), width: 1 }, ticks: { show: false } };
  const bars = uPlot.paths.bars?.({ size: [0.8, 100] });
  const line = (name: string, dash?: number[]): uPlot.Series => ({ stroke: ink(name), width: em / 6, points: { show: false }, ...(dash ? { dash } : {}) });
  const filled = (name: string): uPlot.Series => ({ stroke: ink(name), fill: ink(name), width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) });
  const series: Record<Kind, uPlot.Series[]> = {
    calls: [filled('--offered'), line('--good'), line('--bad', [em / 3, em / 3])],
    waiting: [filled('--offered')],
    level: [line('--good')],
  };
  return {
    width: here.clientWidth,
    height: here.clientHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [em / 2, em * 1.4, 0, 0],
    scales: { y: { range: (_plot, _low, high) => [0, kind === 'level' ? 100 : Math.max(4, Math.ceil(high * 1.1))] } },
    axes: [
      { ...axis, size: em * 2.1, gap: em * 0.6, space: em * 5, values: (_plot, at) => at.map((second) => clock(second * 1000, offset.value, false)) },
      { ...axis, size: em * 3, space: em * 1.8, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000] },
    ],
    series: [{}, ...series[kind]],
  };
}
