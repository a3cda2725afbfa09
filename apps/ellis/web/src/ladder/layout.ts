// Where everything of a ladder diagram stands: a column a participant, a row a step, arrows between columns and boxes for what one
// decides for itself. Pure arithmetic; drawn by ladder-diagram.tsx. Text is measured by its number of characters: nothing overlaps.
import type { Ladder, LadderStep, ParticipantKind } from '../api/contract.js';

export type Column = Readonly<{
  id: string;
  x: number;
  kind: ParticipantKind;
  lines: readonly string[];
  title: string;
}>;

type Row = Readonly<{
  top: number;
  height: number;
  time: string;
  failed: boolean;
  label: string;
  lines: readonly string[];
  /** Middle of the text. */
  textX: number;
  textWidth: number;
}>;
export type ArrowRow = Row & Readonly<{ kind: 'arrow'; x1: number; x2: number; arrowY: number }>;
export type BoxRow = Row & Readonly<{ kind: 'box'; x: number }>;
export type LadderLayout = Readonly<{
  width: number;
  height: number;
  headHeight: number;
  columns: readonly Column[];
  rows: readonly (ArrowRow | BoxRow)[];
}>;

export const LAYOUT = {
  timeWidth: 64,
  columnWidth: 210,
  edge: 105,
  lineHeight: 16,
  characterWidth: 6.4,
  headCharacterWidth: 7.4,
  boxPadding: 10,
  rowGap: 14,
} as const;
const WORD_LINES_MAX = 4;
const HEAD_LINES_MAX = 2;
/** More participants or steps are not drawn; the list below the diagram has them all. */
export const COLUMNS_MAX = 12;
export const STEPS_MAX = 300;

/** Words in lines of at most so many characters; what is left over ends in an ellipsis. */
export const wrapped = (text: string, charactersMax: number, linesMax: number): readonly string[] => {
  const most = Math.max(4, Math.floor(charactersMax));
  const pieces = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap((word) => word.match(new RegExp(`.{1,${most}}`, 'gu')) ?? []);
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= most)
      lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(piece);
  }
  if (lines.length <= linesMax) return lines;
  const shown = lines.slice(0, linesMax);
  return [...shown.slice(0, -1), `${shown.at(-1)!.slice(0, most - 1)}…`];
};

/** How long after the beginning: `0.000`, `12.3 s`, `1:05`. */
export const sinceBeginning = (ms: number): string => {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(3)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
};

export const layoutLadder = ({ participants, steps, begun_at: begunAt }: Ladder): LadderLayout => {
  const shown = participants.slice(0, COLUMNS_MAX);
  const columns = shown.map(({ id, label, kind }, i): Column => {
    const x = LAYOUT.timeWidth + LAYOUT.edge + i * LAYOUT.columnWidth;
    const lines = wrapped(label, (LAYOUT.columnWidth - 24) / LAYOUT.headCharacterWidth, HEAD_LINES_MAX);
    return { id, x, kind, lines, title: label };
  });
  const width = LAYOUT.timeWidth + 2 * LAYOUT.edge + Math.max(0, columns.length - 1) * LAYOUT.columnWidth;
  const headHeight = 20 + LAYOUT.lineHeight * Math.max(1, ...columns.map(({ lines }) => lines.length));
  const xOf = new Map(columns.map(({ id, x }) => [id, x]));
  const rows: (ArrowRow | BoxRow)[] = [];
  let top = headHeight + LAYOUT.rowGap;
  for (const step of steps.slice(0, STEPS_MAX)) {
    const [from, to] = [xOf.get(step.from), xOf.get(step.to)];
    if (from === undefined || to === undefined) continue;
    const time = sinceBeginning(step.at - begunAt);
    const row = from === to ? boxRow(step, from, top, time) : arrowRow(step, from, to, top, time);
    rows.push(row);
    top += row.height + LAYOUT.rowGap;
  }
  return { width, height: top, headHeight, columns, rows };
};

const arrowRow = (step: LadderStep, x1: number, x2: number, top: number, time: string): ArrowRow => {
  const textWidth = Math.abs(x2 - x1) - 16;
  const lines = wrapped(step.words, textWidth / LAYOUT.characterWidth, WORD_LINES_MAX);
  const arrowY = top + LAYOUT.lineHeight + 6;
  const height = LAYOUT.lineHeight + 12 + lines.length * LAYOUT.lineHeight;
  return { kind: 'arrow', top, height, time, failed: step.failed, label: step.label, lines, textX: (x1 + x2) / 2, textWidth, x1, x2, arrowY }; // prettier-ignore
};

const boxRow = (step: LadderStep, x: number, top: number, time: string): BoxRow => {
  const textWidth = LAYOUT.columnWidth - 2 * LAYOUT.boxPadding - 4;
  const lines = wrapped(step.words, textWidth / LAYOUT.characterWidth, WORD_LINES_MAX);
  const height = 2 * LAYOUT.boxPadding + Math.max(1, lines.length) * LAYOUT.lineHeight;
  return {
    kind: 'box',
    top,
    height,
    time,
    failed: step.failed,
    label: step.label,
    lines,
    textX: x,
    textWidth,
    x,
  };
};
