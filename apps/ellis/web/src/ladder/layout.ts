// Where everything of a ladder diagram stands: a column a participant, a row a step, arrows between columns and boxes for what one
// decides for itself. Columns are as wide as the page lets them be; where they are narrow, words reach over their neighbours' lines, since each
// row has its own height. Pure arithmetic; drawn by ladder-diagram.tsx. Text is measured by its number of characters: nothing overlaps.
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
  /** Middle of the words. */
  textX: number;
  textWidth: number;
}>;
export type ArrowRow = Row & Readonly<{ kind: 'arrow'; x1: number; x2: number; arrowY: number; labelX: number }>; // prettier-ignore
/** `x`: of the column that it belongs to. */
export type BoxRow = Row & Readonly<{ kind: 'box'; x: number }>;
export type LadderLayout = Readonly<{
  width: number;
  height: number;
  headHeight: number;
  columnWidth: number;
  columns: readonly Column[];
  rows: readonly (ArrowRow | BoxRow)[];
}>;

export const LAYOUT = {
  timeWidth: 56,
  columnWidthMin: 71,
  columnWidthMax: 210,
  lineHeight: 16,
  characterWidth: 6.4,
  headCharacterWidth: 7.6,
  headGap: 8,
  /** Words of an arrow and of a box have this much, however near its ends are. */
  wordsWidth: 190,
  boxPadding: 10,
  rowGap: 14,
} as const;
const WORD_LINES_MAX = 6;
const HEAD_LINES_MAX = 3;
/** More participants or steps are not drawn; the list below the diagram has them all. */
export const COLUMNS_MAX = 12;
export const STEPS_MAX = 300;

type Piece = Readonly<{ text: string; glue: '' | ' ' }>;

/** Where a word may be broken that is longer than a line: behind what separates the parts of addresses, else anywhere. */
const piecesOf = (word: string, most: number): readonly Piece[] => {
  const parts = [...word].length <= most ? [word] : word.split(/(?<=[@.;:,/=-])/);
  const texts = parts.flatMap((part) => part.match(new RegExp(`.{1,${most}}`, 'gu')) ?? []);
  return texts.map((text, i) => ({ text, glue: i === 0 ? ' ' : '' }));
};

/** Words in lines of at most so many characters; what is left over ends in an ellipsis. */
export const wrapped = (text: string, charactersMax: number, linesMax: number): readonly string[] => {
  const most = Math.max(4, Math.floor(charactersMax));
  const words = text.split(/\s+/).filter((word) => word !== '');
  const lines: string[] = [];
  for (const { text: piece, glue } of words.flatMap((word) => piecesOf(word, most))) {
    const longer = `${lines.at(-1) ?? ''}${glue}${piece}`;
    if (lines.length > 0 && longer.length <= most) lines[lines.length - 1] = longer;
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

/** As wide as fits, within bounds; one alone has room for its words. */
const columnWidthFor = (count: number, availableWidth: number): number => {
  const fitting = Math.floor((availableWidth - LAYOUT.timeWidth) / Math.max(1, count));
  const least = Math.max(LAYOUT.columnWidthMin, Math.ceil((LAYOUT.wordsWidth + 2 * LAYOUT.boxPadding) / Math.max(1, count))); // prettier-ignore
  return Math.max(least, Math.min(LAYOUT.columnWidthMax, fitting));
};

/** `availableWidth`: of the place where it is drawn, px. What needs more is scrolled. */
export const layoutLadder = (
  { participants, steps, begun_at: begunAt }: Ladder,
  availableWidth: number,
): LadderLayout => {
  const shown = participants.slice(0, COLUMNS_MAX);
  const columnWidth = columnWidthFor(shown.length, availableWidth);
  const columns = shown.map(({ id, label, kind }, i): Column => {
    const x = LAYOUT.timeWidth + (i + 0.5) * columnWidth;
    const said = label.replace(/^sips?:/i, '');
    const lines = wrapped(said, (columnWidth - LAYOUT.headGap) / LAYOUT.headCharacterWidth, HEAD_LINES_MAX);
    return { id, x, kind, lines, title: label };
  });
  const width = LAYOUT.timeWidth + Math.max(1, columns.length) * columnWidth;
  const headHeight = 20 + LAYOUT.lineHeight * Math.max(1, ...columns.map(({ lines }) => lines.length));
  const xOf = new Map(columns.map(({ id, x }) => [id, x]));
  const rows: (ArrowRow | BoxRow)[] = [];
  let top = headHeight + LAYOUT.rowGap;
  for (const step of steps.slice(0, STEPS_MAX)) {
    const [from, to] = [xOf.get(step.from), xOf.get(step.to)];
    if (from === undefined || to === undefined) continue;
    const at = { top, time: sinceBeginning(step.at - begunAt), width };
    const row = from === to ? boxRow(step, from, at) : arrowRow(step, from, to, at);
    rows.push(row);
    top += row.height + LAYOUT.rowGap;
  }
  return { width, height: top, headHeight, columnWidth, columns, rows };
};

type Place = Readonly<{ top: number; time: string; width: number }>;

/** The middle of what is so wide, as near to x as the picture lets it be. */
const within = (x: number, wide: number, { width }: Place): number =>
  Math.min(Math.max(x, LAYOUT.timeWidth + wide / 2), width - wide / 2);

const arrowRow = (step: LadderStep, x1: number, x2: number, place: Place): ArrowRow => {
  const { top, time } = place;
  const textWidth = Math.max(Math.abs(x2 - x1) - 16, LAYOUT.wordsWidth);
  const lines = wrapped(step.words, textWidth / LAYOUT.characterWidth, WORD_LINES_MAX);
  const labelX = (x1 + x2) / 2;
  return {
    kind: 'arrow',
    top,
    height: LAYOUT.lineHeight + 12 + lines.length * LAYOUT.lineHeight,
    time,
    failed: step.failed,
    label: step.label,
    lines,
    labelX,
    textX: within(labelX, textWidth, place),
    textWidth,
    x1,
    x2,
    arrowY: top + LAYOUT.lineHeight + 6,
  };
};

const boxRow = (step: LadderStep, x: number, place: Place): BoxRow => {
  const { top, time } = place;
  const textWidth = LAYOUT.wordsWidth;
  const lines = wrapped(step.words, textWidth / LAYOUT.characterWidth, WORD_LINES_MAX);
  return {
    kind: 'box',
    top,
    height: 2 * LAYOUT.boxPadding + Math.max(1, lines.length) * LAYOUT.lineHeight,
    time,
    failed: step.failed,
    label: step.label,
    lines,
    textX: within(x, textWidth + 2 * LAYOUT.boxPadding, place),
    textWidth,
    x,
  };
};
