// The history tool as an operator runs it: a process of its own beside the product, on the product's DATA_DIR.
// Used by several lines.
import { startChild } from '../harness/children.js';
import type { Product } from '../harness/product.js';
import { inRepository } from '../harness/root.js';

export type HistoryAnswer = Readonly<{
  code: number;
  text: string;
  json: readonly Record<string, unknown>[];
}>;

export const runHistory = async (product: Product, ...args: string[]): Promise<HistoryAnswer> => {
  const child = startChild(process.execPath, [inRepository('dist/apps/history/src/main.js'), ...args], {
    env: { ...product.env, NO_COLOR: '1' },
  });
  const code = await child.exit;
  const text = child.output();
  const json = args.includes('--json')
    ? text
        .split('\n')
        .filter((row) => row.startsWith('{'))
        .map((row) => JSON.parse(row) as Record<string, unknown>)
    : [];
  return { code, text, json };
};
