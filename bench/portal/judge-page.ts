// What axe-core finds wrong on a page for who does not see, hear or point: what it calls serious or critical fails. Used by accept 7.5 and the
// end-to-end test.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from './browser.js';

type Found = Readonly<{ id: string; impact: string; nodes: readonly string[] }>;
export type Judged = Readonly<{ serious: readonly Found[]; others: readonly Found[]; rules: number }>;

const SERIOUS: ReadonlySet<string> = new Set(['serious', 'critical']);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** In words of the page: this code is compiled without a browser's types. */
const RUN = `axe.run().then(({ violations, passes }) => ({
  rules: passes.length,
  found: violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })),
}))`;

export const judgePage = async (page: Page): Promise<Judged> => {
  await page.evaluate(AXE);
  const { found, rules } = await page.evaluate<{ found: readonly Found[]; rules: number }>(RUN);
  const isSerious = ({ impact }: Found): boolean => SERIOUS.has(impact);
  return { serious: found.filter(isSerious), others: found.filter((one) => !isSerious(one)), rules };
};
