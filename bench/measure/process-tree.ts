// CPU time and memory of a process with all its descendants, from the operating system's own accounting (/proc, Linux).
// The figure that a benchmark reports: wall time on a shared machine says little.
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: 100 on every Linux that we know; the sums are exact to one tick, 10 ms. */
const TICKS_PER_S = 100;
const PROCESSES_MAX = 10_000;

type Stat = Readonly<{ pid: number; parent: number; cpuTicks: number; residentPages: number; name: string }>;

const readStat = (file: string): Stat | undefined => {
  try {
    const text = readFileSync(file, 'latin1');
    // The name may hold spaces and parentheses: fields start after the last ')'.
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const at = (i: number) => Number(fields[i] ?? 0);
    return {
      pid: Number.parseInt(text, 10),
      name: text.slice(text.indexOf('(') + 1, end),
      parent: at(1),
      // utime, stime, and those of children that ended and were waited for.
      cpuTicks: at(11) + at(12) + at(13) + at(14),
      residentPages: at(21),
    };
  } catch {
    return undefined; // ended meanwhile
  }
};

const readAll = (): Stat[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .slice(0, PROCESSES_MAX)
    .flatMap((pid) => readStat(`/proc/${pid}/stat`) ?? []);

/** The process and its living descendants. */
export const processTree = (root: number): readonly number[] => treeOf(root).map(({ pid }) => pid);

const treeOf = (root: number): Stat[] => {
  const all = readAll();
  const tree = all.filter(({ pid }) => pid === root);
  for (let i = 0; i < tree.length; i += 1) tree.push(...all.filter(({ parent }) => parent === tree[i]?.pid));
  return tree;
};

/** User and system time, µs. A child that has ended counts once its parent has waited for it. */
export const cpuUsOf = (root: number): number =>
  treeOf(root).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) * (1_000_000 / TICKS_PER_S);

export const residentMiBOf = (root: number): number =>
  Math.round((treeOf(root).reduce((sum, { residentPages }) => sum + residentPages, 0) * 4096) / 2 ** 20);

export type ThreadShare = Readonly<{ thread: string; cpuUs: number }>;

const tasksOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // ended meanwhile
  }
};

/** CPU of each living thread by name: what a total is made of. */
export const cpuByThread = (pid: number): readonly ThreadShare[] => {
  const shares = new Map<string, number>();
  for (const task of tasksOf(pid)) {
    const stat = readStat(`/proc/${pid}/task/${task}/stat`);
    if (stat) shares.set(stat.name, (shares.get(stat.name) ?? 0) + stat.cpuTicks * (1_000_000 / TICKS_PER_S));
  }
  return [...shares].map(([thread, cpuUs]) => ({ thread, cpuUs })).sort((a, b) => b.cpuUs - a.cpuUs);
};
