// Sums up a V8 CPU profile: share of the time by function and by part of the product. Written into docs/performance.md by hand.
// Reads what V8's inspector gives; used by register.ts.
import path from 'node:path';

type ProfileNode = Readonly<{
  id: number;
  children?: readonly number[];
  callFrame: Readonly<{ functionName: string; url: string; lineNumber: number }>;
}>;
export type Profile = Readonly<{
  nodes: readonly ProfileNode[];
  samples: readonly number[];
  timeDeltas: readonly number[];
}>;

export type ProfileSummary = Readonly<{
  busyMs: number;
  /** Percent of the busy time of the main thread. */
  parts: Readonly<Record<string, number>>;
  functions: readonly Readonly<{ name: string; percent: number }>[];
}>;

const FUNCTIONS_SHOWN = 40;
const IDLE = new Set(['(idle)', '(program)', '(root)']);

const placeOf = ({ callFrame: { url, functionName } }: ProfileNode): string => {
  if (functionName === '(garbage collector)') return 'garbage collection';
  const [, ours] = /\/dist\/((?:libs|apps|projections)\/[^/]+)\//.exec(url) ?? [];
  if (ours !== undefined) return ours;
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (name !== undefined) return name;
  return url.startsWith('node:')
    ? url
        .replace(/^node:(internal\/)?/, 'node:')
        .split('/', 1)
        .join('')
    : 'native';
};

const labelOf = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string =>
  `${functionName || '(anonymous)'}${url === '' ? '' : ` ${path.basename(url)}:${lineNumber + 1}`}`;

type Tree = Readonly<{ nodes: ReadonlyMap<number, ProfileNode>; parents: ReadonlyMap<number, number> }>;

const treeOf = (profile: Profile): Tree => ({
  nodes: new Map(profile.nodes.map((node) => [node.id, node])),
  parents: new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  ),
});

const isOurs = ({ callFrame: { url } }: ProfileNode): boolean =>
  /\/dist\/(libs|apps|projections)\//.test(url);

/** A function that is not ours is named with the nearest one of ours that led to it. */
const nameOf = ({ nodes, parents }: Tree, node: ProfileNode): string => {
  if (isOurs(node)) return labelOf(node);
  let above = nodes.get(parents.get(node.id) ?? -1);
  while (above && !isOurs(above)) above = nodes.get(parents.get(above.id) ?? -1);
  return above ? `${labelOf(node)} ← ${labelOf(above)}` : labelOf(node);
};

const top = (sums: ReadonlyMap<string, number>, total: number, count: number) =>
  [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, us]) => ({ name, percent: Math.round((us / total) * 1000) / 10 }));

const PARTS_SHOWN = 20;

/** Shares of the main thread's busy time. */
export const summarizeProfile = (profile: Profile): ProfileSummary => {
  const tree = treeOf(profile);
  const byFunction = new Map<string, number>();
  const byPart = new Map<string, number>();
  let busyUs = 0;
  for (const [i, id] of profile.samples.entries()) {
    const node = tree.nodes.get(id);
    const us = profile.timeDeltas[i] ?? 0;
    if (!node || IDLE.has(node.callFrame.functionName)) continue;
    busyUs += us;
    const place = placeOf(node);
    const name = nameOf(tree, node);
    byFunction.set(name, (byFunction.get(name) ?? 0) + us);
    byPart.set(place, (byPart.get(place) ?? 0) + us);
  }
  return {
    busyMs: Math.round(busyUs / 1000),
    parts: Object.fromEntries(top(byPart, busyUs, PARTS_SHOWN).map(({ name, percent }) => [name, percent])),
    functions: top(byFunction, busyUs, FUNCTIONS_SHOWN),
  };
};
