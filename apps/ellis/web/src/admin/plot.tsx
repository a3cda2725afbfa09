// A plot of numbers over time, by uPlot, which is loaded when the first one is shown. The last values stand beside it as text, for who does
// not see the picture. Used by overview.tsx.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Columns } from '../api/newest.js';

const HEIGHT = 200;
const DARK = '(prefers-color-scheme: dark)';
/** Between two marks of time. */
const SECONDS = [1, 2, 5, 10, 30, 60, 120, 300];
const INKS = ['--ink-1', '--ink-2'];

export type PlotProps = Readonly<{ label: string; columns: Columns; series: readonly string[] }>;

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const optionsFor = (series: readonly string[], width: number): uPlot.Options => {
  const x = { incrs: SECONDS, space: 90, values: (_plot: uPlot, at: readonly number[]) => at.map((s) => new Date(s * 1000).toLocaleTimeString()) };
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.15)] } },
    axes: [{ ...axis, ...x }, { ...axis, size: 48 }],
    series: [{}, ...series.map((label, i) => ({ label, stroke: colour(INKS[i] ?? '--ink-1'), width: 2, spanGaps: true, points: { show: false } }))],
  };
}; // prettier-ignore

/** Dark or light: a plot is drawn with the colours of then. */
const useScheme = (): boolean => {
  const [dark, setDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const query = matchMedia(DARK);
    const changed = (): void => setDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return dark;
};

export const Plot = ({ label, columns, series }: PlotProps): JSX.Element => {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = useRef(columns);
  data.current = columns;
  const names = series.join();
  const dark = useScheme();
  const [isMissing, setIsMissing] = useState(false);
  useEffect(() => {
    let current = true;
    let sized: ResizeObserver | undefined;
    void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plotter }]) => {
      const box = place.current;
      if (!current || box === null) return;
      const made = new Plotter(optionsFor(series, box.clientWidth), data.current as uPlot.AlignedData, box);
      plot.current = made;
      sized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
      sized.observe(box);
    }, () => current && setIsMissing(true));
    return () => {
      current = false;
      sized?.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names, dark]);
  useEffect(() => plot.current?.setData(columns as uPlot.AlignedData), [columns]);
  return (
    <figure class="plot">
      {isMissing ? <p class="quiet">The plot could not be loaded; the figures are right.</p> : <div ref={place} role="img" aria-label={label} class="plot-box" />}
      <figcaption class="hint">
        {series.map((name, i) => (
          <span key={name} class={`series series-${i + 1}`}>{name}: {(columns[i + 1]?.at(-1) ?? null)?.toLocaleString(undefined, { maximumFractionDigits: 1 }) ?? 'not known'}</span>
        ))}
      </figcaption>
    </figure>
  );
}; // prettier-ignore
