// `npm run accept -- <chapter>[.<line>] [--quick] [--json]`: every line of a chapter's "Done means", or one, as a command.
// One JSON line each on standard output; exit 0 when all hold, else 1. Full runs leave docs/acceptance/output/<line>.json.
// The lines' text: docs/acceptance/chapter-<n>.md.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeMachine } from '../measure/machine.js';
import { emit, parseArguments, progress } from '../measure/report.js';
import { inRepository } from '../harness/root.js';
import { createReport, type Line } from './line.js';

type LineText = Readonly<{ chapter: number; number: number; text: string }>;

const readLines = (chapter: number): readonly LineText[] => {
  const file = inRepository('docs/acceptance', `chapter-${chapter}.md`);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((row) => {
      const [, number, text] = /^(\d+)\. (.*)$/.exec(row) ?? [];
      return number === undefined ? [] : [{ chapter, number: Number(number), text: text ?? '' }];
    });
};

const load = async ({ chapter, number }: LineText): Promise<Line | undefined> => {
  const file = path.join(import.meta.dirname, `chapter-${chapter}`, `line-${number}.js`);
  if (!existsSync(file)) return undefined;
  const loaded = (await import(file)) as { line?: Line };
  return loaded.line;
};

/** The short form shows less than the line says: it never claims that the line holds. */
const verdictWords = (pass: boolean, quick: boolean): string => {
  if (quick) return pass ? 'passes in its short form' : 'FAILS in its short form';
  return pass ? 'holds' : 'DOES NOT HOLD';
};

const judge = async (line: LineText, quick: boolean): Promise<boolean> => {
  const name = `${line.chapter}.${line.number}`;
  progress(`${name} ${line.text}`);
  const machine = describeMachine();
  const startMs = performance.now();
  const { report, verdict } = createReport(quick, (text) => progress(`${name}: ${text}`));
  try {
    const code = await load(line);
    if (code) await code.run(report);
    else report.check('the line is a command', false, 'not written yet');
  } catch (error) {
    report.check(
      'ran to its end',
      false,
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  const tookS = Math.round((performance.now() - startMs) / 100) / 10;
  const result = { line: name, ...verdict(), quick, tookS, machine };
  emit(result);
  if (!quick) {
    const folder = inRepository('docs/acceptance/output');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, `${name}.json`),
      `${JSON.stringify({ text: line.text, ...result }, null, 2)}\n`,
    );
  }
  progress(`${name} ${verdictWords(result.pass, quick)} (${tookS} s)`);
  return result.pass;
};

const { words, flags } = parseArguments(process.argv.slice(2));
const [, chapterText, lineText] = /^(\d+)(?:\.(\d+))?$/.exec(words[0] ?? '') ?? [];
const lines = chapterText === undefined ? [] : readLines(Number(chapterText));
const chosen = lines.filter(({ number }) => lineText === undefined || number === Number(lineText));
if (words.length !== 1 || chosen.length === 0) {
  process.stderr.write('usage: npm run accept -- <chapter>[.<line>] [--quick]; lines: docs/acceptance/\n');
  process.exit(64);
}
let all = true;
for (const line of chosen) all = (await judge(line, flags.has('quick'))) && all;
process.exit(all ? 0 : 1);
