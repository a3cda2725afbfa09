// Every proof that docs/conformance.md names is there: a file, files by `*`, a folder that holds tests, an acceptance item.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles, ROOT } from './tidy/tree.js';

const paths = listFiles(ROOT);
const PROOFS = 'shown by';

/** The last cells of the tables that have a column of proofs. */
const proofsOf = (page: string): string[] => {
  const found: string[] = [];
  let inTable = false;
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) inTable = false;
    const last = line.split('|').at(-2)?.trim() ?? '';
    if (last === PROOFS) inTable = true;
    else if (inTable && !/^-+$/.test(last)) found.push(last);
  }
  return found;
};

const isAccepted = (chapter: string, item: string): boolean =>
  paths.includes(`docs/acceptance/chapter-${chapter}.md`) &&
  new RegExp(`^${item}\\. `, 'm').test(
    readFileSync(path.join(ROOT, `docs/acceptance/chapter-${chapter}.md`), 'utf8'),
  );

const isThere = (proof: string): boolean => {
  const [, chapter, item] = /^(?:accept )?(\d+)\.(\d+)$/.exec(proof) ?? [];
  if (chapter !== undefined && item !== undefined) return isAccepted(chapter, item);
  const pattern = new RegExp(`^${proof.replace(/[.+?^$(){}|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
  return paths.some(
    (file) => pattern.test(file) || (file.startsWith(`${proof}/`) && /\.(int-)?spec\.ts$/.test(file)),
  );
};

const missing = (page: string): string[] =>
  proofsOf(page).flatMap((cell) =>
    cell
      .split(/[,;]\s*/)
      // As people write lists: code marks, a last `and`, a folder's slash.
      .map((proof) => proof.replace(/^and /, '').replaceAll('`', '').replace(/\/$/, ''))
      .filter((proof) => proof !== 'the same' && !isThere(proof)),
  );

describe('docs/conformance.md', () => {
  const page = readFileSync(path.join(ROOT, 'docs/conformance.md'), 'utf8');

  it('names proofs that exist', () => {
    expect(proofsOf(page).length).toBeGreaterThan(15);
    expect(missing(page)).toEqual([]);
  });

  it('would be caught with one that does not', () => {
    const planted = [
      '| what | shown by |',
      '|---|---|',
      '| a | libs/sip/src/proxy*.spec.ts, libs/testkit/src; accept 1.2, 1.99 |',
      '| b | docs |',
      '| c |  |',
      '',
      '| why | not |',
      '| x | nowhere |',
    ].join('\n');
    expect(missing(planted)).toEqual(['libs/sip/src/proxy*.spec.ts', '1.99', 'docs', '']);
  });
});
