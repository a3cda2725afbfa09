// docs/capacity.md as data: its tables by their headings, the figures in a text, and the formulas of its columns. Used by capacity.spec.ts.

export type Row = Readonly<{
  /** Of the first column, in code marks. */
  name: string;
  columns: readonly string[];
  cell(column: string): string;
  /** Of the column `is computed as`, where there is one. */
  formula: string;
}>;

const cellsOf = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Rows of the first table below a heading. Throws where there is none. */
export const rowsOf = (page: string, heading: string): readonly Row[] => {
  const from = page.split('\n').indexOf(heading);
  const below = page.split('\n').slice(from + 1);
  const start = below.findIndex((line) => line.startsWith('|'));
  if (from < 0 || start < 0) throw new Error(`no table below ${heading}`);
  const end = below.findIndex((line, n) => n > start && !line.startsWith('|'));
  const [columns = [], , ...rows] = below.slice(start, end < 0 ? undefined : end).map(cellsOf);
  return rows.map((cells) => {
    const cell = (column: string): string => cells[columns.indexOf(column)] ?? '';
    const bare = (text: string): string => text.replaceAll('`', '');
    return { name: bare(cells[0] ?? ''), columns, cell, formula: bare(cell('is computed as')) };
  });
};

/** `1,000.5` → 1000.5 */
export const numberOf = (text: string): number => Number(text.replaceAll(',', ''));

/** Numbers of a text with two digits or more; not those of code, links, sections, names or words. */
export const figuresIn = (text: string): readonly string[] => {
  const plain = text.replace(/`[^`]*`/g, '').replace(/\]\([^)]*\)/g, ']').replace(/§[\d.]+/g, '');
  return [...plain.matchAll(/(?<![\w.,/-])\d[\d,]*(?:\.\d+)?(?![\w-])/g)]
    .map(([figure]) => figure.replace(/,$/, ''))
    .filter((figure) => numberOf(figure) >= 10 || figure.includes('.'));
}; // prettier-ignore

/** Sums, products, brackets and `ceil` over names. Throws at a name that is not in scope, and at what is no formula. */
export const evaluate = (formula: string, scope: ReadonlyMap<string, number>): number => {
  const tokens = formula.match(/[A-Za-z]\w*|\d+(?:\.\d+)?|[-+*/()]/g) ?? [];
  let at = 0;
  const take = (...wanted: readonly string[]): string | undefined =>
    wanted.includes(tokens[at] ?? '') ? tokens[at++] : undefined;
  const operand = (): number => {
    const token = tokens[at++] ?? '';
    if (/^\d/.test(token)) return Number(token);
    const isRounded = token === 'ceil' && take('(') !== undefined;
    if (token === '(' || isRounded) {
      const value = sum();
      if (take(')') === undefined) throw new Error(`a bracket is open in ${formula}`);
      return isRounded ? Math.ceil(value) : value;
    }
    const value = scope.get(token);
    if (value === undefined) throw new Error(`${token || 'nothing'} is no figure, in ${formula}`);
    return value;
  };
  const product = (): number => {
    let value = operand();
    for (let by = take('*', '/'); by !== undefined; by = take('*', '/')) value = by === '*' ? value * operand() : value / operand(); // prettier-ignore
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let by = take('+', '-'); by !== undefined; by = take('+', '-')) value = by === '+' ? value + product() : value - product(); // prettier-ignore
    return value;
  };
  const value = sum();
  if (at !== tokens.length) throw new Error(`${formula} is no formula`);
  return value;
};
