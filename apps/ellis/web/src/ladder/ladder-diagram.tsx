// A ladder diagram as SVG: who sent what to whom when, and what was decided. Where everything stands: layout.ts.
// The same in words stands beside it on the page, for who does not see the picture.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Ladder } from '../api/contract.js';
import { type ArrowRow, type BoxRow, type Column, LAYOUT, layoutLadder } from './layout.js';

const HEAD = 5;

const Lines = ({ lines, x, y, kind }: Readonly<{ lines: readonly string[]; x: number; y: number; kind: string }>): JSX.Element => (
  <text class={kind} text-anchor="middle">
    {lines.map((line, i) => <tspan key={i} x={x} y={y + i * LAYOUT.lineHeight}>{line}</tspan>)}
  </text>
); // prettier-ignore

const Head = ({ column, headHeight, height }: Readonly<{ column: Column; headHeight: number; height: number }>): JSX.Element => (
  <g class={`column ${column.kind}`}>
    <title>{column.title}</title>
    <line x1={column.x} x2={column.x} y1={headHeight} y2={height} class="life" />
    <rect x={column.x - LAYOUT.columnWidth / 2 + 6} y={1} width={LAYOUT.columnWidth - 12} height={headHeight - 6} rx={8} />
    <Lines lines={column.lines} x={column.x} y={20} kind="head" />
  </g>
); // prettier-ignore

const Arrow = ({ row }: Readonly<{ row: ArrowRow }>): JSX.Element => {
  const { x1, x2, arrowY, failed, label, lines, textX, top } = row;
  const back = x2 > x1 ? -HEAD * 1.6 : HEAD * 1.6;
  return (
    <g class={failed ? 'arrow failed' : 'arrow'}>
      <text class="label" text-anchor="middle" x={textX} y={top + LAYOUT.lineHeight - 2}>{label}</text>
      <line x1={x1} x2={x2} y1={arrowY} y2={arrowY} />
      <path d={`M${x2} ${arrowY}l${back} ${-HEAD}v${2 * HEAD}z`} />
      <Lines lines={lines} x={textX} y={arrowY + LAYOUT.lineHeight} kind="words" />
    </g>
  );
}; // prettier-ignore

const Box = ({ row }: Readonly<{ row: BoxRow }>): JSX.Element => (
  <g class={row.failed ? 'box failed' : 'box'}>
    <rect x={row.x - LAYOUT.columnWidth / 2 + 6} y={row.top} width={LAYOUT.columnWidth - 12} height={row.height} rx={6} />
    <Lines lines={row.lines.length === 0 ? [row.label] : row.lines} x={row.x} y={row.top + LAYOUT.boxPadding + 12} kind="words" />
  </g>
); // prettier-ignore

export const LadderDiagram = ({ ladder }: Readonly<{ ladder: Ladder }>): JSX.Element => {
  const { width, height, headHeight, columns, rows } = useMemo(() => layoutLadder(ladder), [ladder]);
  return (
    <div class="ladder card" role="region" aria-label="Ladder diagram" tabIndex={0}>
      <svg role="img" aria-label={`${ladder.participants.length} participants, ${ladder.steps.length} steps; the list below says the same`} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {columns.map((column) => <Head key={column.id} column={column} headHeight={headHeight} height={height} />)}
        {rows.map((row, i) => (
          <g key={i}>
            <text class="time" x={4} y={row.top + LAYOUT.lineHeight - 2}>{row.time}</text>
            {row.kind === 'arrow' ? <Arrow row={row} /> : <Box row={row} />}
          </g>
        ))}
      </svg>
    </div>
  );
}; // prettier-ignore
