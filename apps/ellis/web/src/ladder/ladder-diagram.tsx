// A ladder diagram as SVG: who sent what to whom when, and what was decided. Where everything stands: layout.ts.
// The same in words stands beside it on the page, for who does not see the picture.
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Ladder } from '../api/contract.js';
import { type ArrowRow, type BoxRow, type Column, COLUMNS_MAX, LAYOUT, layoutLadder, STEPS_MAX } from './layout.js'; // prettier-ignore

const HEAD = 5;
/** Of the mark on a box at whose line it is. */
const DOT = 3.5;
const COLUMN_GAP = 6;

const Lines = ({ lines, x, y, kind }: Readonly<{ lines: readonly string[]; x: number; y: number; kind: string }>): JSX.Element => (
  <text class={kind} text-anchor="middle">
    {lines.map((line, i) => <tspan key={i} x={x} y={y + i * LAYOUT.lineHeight}>{line}</tspan>)}
  </text>
); // prettier-ignore

type HeadProps = Readonly<{ column: Column; columnWidth: number; headHeight: number; height: number }>;

const Head = ({ column, columnWidth, headHeight, height }: HeadProps): JSX.Element => (
  <g class={`column ${column.kind}`}>
    <title>{column.title}</title>
    <line x1={column.x} x2={column.x} y1={headHeight} y2={height} class="life" />
    <rect x={column.x - (columnWidth - COLUMN_GAP) / 2} y={1} width={columnWidth - COLUMN_GAP} height={headHeight - 6} rx={8} />
    <Lines lines={column.lines} x={column.x} y={20} kind="head" />
  </g>
); // prettier-ignore

const Arrow = ({ row }: Readonly<{ row: ArrowRow }>): JSX.Element => {
  const { x1, x2, arrowY, failed, label, labelX, lines, textX, top } = row;
  const back = x2 > x1 ? -HEAD * 1.6 : HEAD * 1.6;
  return (
    <g class={failed ? 'arrow failed' : 'arrow'}>
      <text class="label" text-anchor="middle" x={labelX} y={top + LAYOUT.lineHeight - 2}>{label}</text>
      <line x1={x1} x2={x2} y1={arrowY} y2={arrowY} />
      <path d={`M${x2} ${arrowY}l${back} ${-HEAD}v${2 * HEAD}z`} />
      <Lines lines={lines} x={textX} y={arrowY + LAYOUT.lineHeight} kind="words" />
    </g>
  );
}; // prettier-ignore

const Box = ({ row }: Readonly<{ row: BoxRow }>): JSX.Element => (
  <g class={row.failed ? 'box failed' : 'box'}>
    <rect x={row.textX - row.textWidth / 2 - LAYOUT.boxPadding} y={row.top} width={row.textWidth + 2 * LAYOUT.boxPadding} height={row.height} rx={6} />
    <circle cx={row.x} cy={row.top} r={DOT} />
    <Lines lines={row.lines.length === 0 ? [row.label] : row.lines} x={row.textX} y={row.top + LAYOUT.boxPadding + 12} kind="words" />
  </g>
); // prettier-ignore

/** How wide a place is, as that changes. */
const useWidth = () => {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const sized = new ResizeObserver(() => setWidth(box.clientWidth));
    setWidth(box.clientWidth);
    sized.observe(box);
    return () => sized.disconnect();
  }, []);
  return { place, width };
};

/** What of the call the picture leaves out. */
const leftOut = ({ participants, steps }: Ladder): string => {
  const many =
    participants.length > COLUMNS_MAX ? `${COLUMNS_MAX} of ${participants.length} participants` : '';
  const long = steps.length > STEPS_MAX ? `${STEPS_MAX} of ${steps.length} steps` : '';
  return [many, long].filter((part) => part !== '').join(' and ');
};

export const LadderDiagram = ({ ladder }: Readonly<{ ladder: Ladder }>): JSX.Element => {
  const { place, width: available } = useWidth();
  const { width, height, headHeight, columnWidth, columns, rows } = useMemo(() => layoutLadder(ladder, available), [ladder, available]);
  const left = leftOut(ladder);
  return (
    <div class="ladder card" role="region" aria-label="Ladder diagram" tabIndex={0}>
      <div ref={place}>
        <svg role="img" aria-label={`${ladder.participants.length} participants, ${ladder.steps.length} steps; the list below says the same`} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          {columns.map((column) => <Head key={column.id} column={column} columnWidth={columnWidth} headHeight={headHeight} height={height} />)}
          {rows.map((row, i) => (
            <g key={i}>
              <text class="time" x={4} y={row.top + LAYOUT.lineHeight - 2}>{row.time}</text>
              {row.kind === 'arrow' ? <Arrow row={row} /> : <Box row={row} />}
            </g>
          ))}
        </svg>
      </div>
      {left !== '' && <p class="hint">The diagram shows the first {left}; the list below has all.</p>}
    </div>
  );
}; // prettier-ignore
