// Every section of docs/architecture.md that code or another page cites by number is a heading of that page.
// Whether it says what is cited is for readers to judge; a number that leads nowhere is found here.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles, readFiles, ROOT, type SourceFile } from './tidy/tree.js';

const PAGE = 'docs/architecture.md';
/** The page, then `§4, §6` or `§5 and §7`, also over the end of a comment's line. */
const CITATION = /architecture\.md((?:(?:,| and| to)?[\s/*]+§\d+(?:\.\d+)?)+)/g;

/** `file §number`, once each. */
const citationsIn = (files: readonly SourceFile[]): readonly string[] => [
  ...new Set(
    files.flatMap(({ path: file, text }) =>
      [...text.matchAll(CITATION)].flatMap(([, list = '']) =>
        [...list.matchAll(/§[\d.]+/g)].map(([section]) => `${file} ${section}`),
      ),
    ),
  ),
];

/** The numbers of headings: `## 2. The log`, `### 2.1 Streams`. */
const sectionsOf = (page: string): ReadonlySet<string> =>
  new Set([...page.matchAll(/^#{2,4} (\d+(?:\.\d+)?)\.? \S/gm)].map(([, number]) => `§${number}`));

const dangling = (page: string, files: readonly SourceFile[]): readonly string[] => {
  const sections = sectionsOf(page);
  return citationsIn(files).filter((citation) => !sections.has(citation.slice(citation.indexOf('§'))));
};

describe(PAGE, () => {
  it('has every section that is cited by number', () => {
    const files = readFiles(
      ROOT,
      listFiles(ROOT).filter((file) => /\.(?:ts|md)$/.test(file)),
    );
    expect(citationsIn(files).length).toBeGreaterThan(30);
    expect(dangling(readFileSync(path.join(ROOT, PAGE), 'utf8'), files)).toEqual([]);
  });

  it('would be caught without one', () => {
    const page = '# Page\n\n## 1. One\n\n### 1.2 Two\n\n## 3 Three\n\nNo heading:\n4. four\n## Not 5. five\n';
    const cite = (file: string, sections: string): SourceFile => ({
      path: file,
      text: `(${PAGE}${sections}`,
    });
    const files = [
      cite('good.ts', ' §1). See §9.'),
      cite('better.ts', ' §1.2, merge)'),
      cite('both.ts', ' §1, §4). '),
      cite('and.ts', ' §3 and §1.3)'),
      cite('wrapped.ts', '\n// §5)'),
      cite('beside.ts', ' says why; RFC 3261 §17)'),
      cite('twice.md', ` §6; ${PAGE} §6)`),
    ];
    expect(dangling(page, files)).toEqual(['both.ts §4', 'and.ts §1.3', 'wrapped.ts §5', 'twice.md §6']);
  });
});
