// Timers that are set before a fault and pop while it lasts and after it: none may be lost, none pop later than the row says. A timer that pops twice is
// harmless, and counted. Used by play.ts.
import { sleep } from '../harness/children.js';
import type { BenchCluster } from '../harness/cluster.js';
import { setTimers, startReceiver } from '../harness/chronos.js';

const TIMERS = 60;
const FIRST_S = 4;
const LAST_S = 30;
/** Of a cluster that nothing is wrong with, on a busy machine. */
const LATE_MS_MAX = 3_000;

export type Popped = Readonly<{
  set: number;
  lost: number;
  twice: number;
  latestMs: number;
  latestMsMax: number;
}>;

/** Sets them; the result waits for the last one, and says how they popped. */
export const setFaultTimers = async (
  { cluster }: BenchCluster,
  lateMsMax = 0,
): Promise<() => Promise<Popped>> => {
  const poppedMs = new Map<string, number[]>();
  const receiver = await startReceiver(({ path, atMs }) => {
    const known = poppedMs.get(path);
    if (known === undefined) poppedMs.set(path, [atMs]);
    else known.push(atMs);
  });
  const nodes = cluster.members.filter(({ app }) => app === 'chronos');
  const urls = nodes.map(({ address }) => `http://${address}:7253`);
  const intervalOf = (n: number): number => FIRST_S + ((LAST_S - FIRST_S) * n) / TIMERS;
  const timers = Array.from({ length: TIMERS }, (_, n) => ({
    intervalS: Math.round(intervalOf(n)),
    uri: `http://127.0.0.1:${receiver.port}/t${n}`,
  }));
  const dueMs = new Map<string, number>();
  await setTimers(urls, timers, (index, startMs) =>
    dueMs.set(`/t${index}`, startMs + timers[index]!.intervalS * 1000),
  );
  const latestMsMax = LATE_MS_MAX + lateMsMax;
  return async () => {
    const isMissing = (): boolean => [...dueMs.keys()].some((name) => !poppedMs.has(name));
    const endMs = Math.max(...dueMs.values()) + latestMsMax;
    while (isMissing() && Date.now() < endMs) await sleep(100);
    receiver.close();
    const lateMs = [...dueMs].map(([name, due]) => Math.min(...(poppedMs.get(name) ?? [])) - due);
    const lost = lateMs.filter((late) => late === Infinity).length;
    const twice = [...poppedMs.values()].filter((times) => times.length > 1).length;
    const latestMs = Math.round(Math.max(0, ...lateMs.filter(Number.isFinite)));
    return { set: dueMs.size, lost, twice, latestMs, latestMsMax };
  };
};
