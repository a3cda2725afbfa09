// A scenario as text: steps, `----`, what is expected of them, an empty line. Read and written back by scenarios.spec.ts.
// Lines that begin with # are comments. A line that begins with two spaces belongs to the step above it.

/** `words`: the step split at spaces; `more`: the lines that belong to it, without their indent. */
export type Step = Readonly<{ words: readonly string[]; more: readonly string[]; line: number }>;

/** Steps that are taken together, and the lines that they are written in. */
export type Block = Readonly<{
  lines: readonly string[];
  steps: readonly Step[];
  expected: readonly string[];
}>;

const RULE = '----';

const isComment = (line: string): boolean => line.startsWith('#');

const stepsOf = (lines: readonly string[], firstLine: number): readonly Step[] => {
  const steps: { words: string[]; more: string[]; line: number }[] = [];
  for (const [at, line] of lines.entries()) {
    if (isComment(line)) continue;
    if (line.startsWith('  ')) steps.at(-1)?.more.push(line.trim());
    else steps.push({ words: line.trim().split(/\s+/), more: [], line: firstLine + at });
  }
  return steps;
};

/** Paragraphs, each a block; one of comments alone has no steps. */
export const parseScenario = (text: string): readonly Block[] => {
  const blocks: Block[] = [];
  let lineNumber = 1;
  for (const paragraph of text.trimEnd().split(/\n\n+/)) {
    const all = paragraph.split('\n');
    const rule = all.indexOf(RULE);
    const lines = rule < 0 ? all : all.slice(0, rule);
    blocks.push({ lines, steps: stepsOf(lines, lineNumber), expected: rule < 0 ? [] : all.slice(rule + 1) });
    lineNumber += all.length + 1;
  }
  return blocks;
};

/** The text again, with what really happened in the place of what was expected. */
export const renderScenario = (blocks: readonly Block[], happened: readonly (readonly string[])[]): string =>
  `${blocks
    .map(({ lines }, at) =>
      (happened[at]!.length === 0 ? lines : [...lines, RULE, ...happened[at]!]).join('\n'),
    )
    .join('\n\n')}\n`;

/** `key=value` words of a step, from word `from` on. */
export const settingsIn = ({ words, line }: Step, from: number): ReadonlyMap<string, string> =>
  new Map(
    words.slice(from).map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) throw new Error(`line ${line}: '${word}' is no name=value`);
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
