// 6.5: Chronos on Kafka: three nodes, timers over a minute, one node killed with -9, one added: each timer pops at least once, at most 0.1 %
// twice, none early, p99 of the lateness within a second where the node lives; and the HTTP tests of Chronos.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRealEngine } from '#libs/testkit';
import { sleep } from '../../harness/children.js';
import {
  type CallbackReceiver,
  type RunningChronos,
  setTimers,
  startChronos,
  startReceiver,
  stopChronos,
} from '../../harness/chronos.js';
import { quantile } from '../../measure/report.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

type Size = Readonly<{ timers: number; overS: number; kafkaNodes: number }>;
const FULL: Size = { timers: 100_000, overS: 60, kafkaNodes: 3 };
const QUICK: Size = { timers: 3_000, overS: 20, kafkaNodes: 1 };
const NODES = 3;
const FIRST_STARTS_MAX = 5;
/** Session 6 s, rebalance 10 s, and one. */
const DEAD_LATE_MS_MAX = 17_000;
const LATE_MS_MAX = 1_000;
const TESTS_MIN = 30;

type Timer = { dueMs: number; calls: number[] };
type Stage = { nodes: RunningChronos[]; receiver: CallbackReceiver; timers: Map<string, Timer> };

const judge = (report: Report, { timers }: Stage, killedMs: number): void => {
  const all = [...timers.values()];
  const first = all.map(({ dueMs, calls }) => ({ dueMs, lateMs: (calls[0] ?? Infinity) - dueMs }));
  report.figure('timers', all.length);
  report.check('each timer popped', first.every(({ lateMs }) => lateMs < Infinity), `${first.filter(({ lateMs }) => lateMs === Infinity).length} did not`); // prettier-ignore
  report.check('none popped early', all.every(({ dueMs, calls }) => calls.every((atMs) => atMs >= dueMs))); // prettier-ignore
  const doubled = all.filter(({ calls }) => calls.length > 1).length;
  report.atMost('doubledPermille', (doubled / all.length) * 1000, 1);
  // Which node would have popped a timer nobody outside can tell: those of the dead one are among those due around its end.
  const around = ({ dueMs }: { dueMs: number }): boolean =>
    dueMs > killedMs - 1_000 && dueMs < killedMs + DEAD_LATE_MS_MAX;
  const calm = first.filter((timer) => !around(timer)).map(({ lateMs }) => lateMs);
  const troubled = first.filter(around).map(({ lateMs }) => lateMs);
  report.figure('lateMsMedian', Math.round(quantile(first.map(({ lateMs }) => lateMs), 0.5))); // prettier-ignore
  report.atMost('lateMsP99', Math.round(quantile(calm, 0.99)), LATE_MS_MAX);
  report.atMost('lateMsP99AroundTheKill', Math.round(quantile(troubled, 0.99)), DEAD_LATE_MS_MAX);
};

const run = async (report: Report, size: Size, folder: string, stage: Stage, env: NodeJS.ProcessEnv) => {
  let started = 0;
  const start = async (): Promise<void> => {
    const node = await startChronos(path.join(folder, `chronos-${++started}`), env);
    stage.nodes.push(node);
  };
  // The first makes the topics; engines that have just been started refuse at first, and a supervisor starts it again.
  for (let starts = 1; stage.nodes.length === 0; starts++)
    await start().catch((error: unknown) => {
      if (starts >= FIRST_STARTS_MAX) throw error;
    });
  await Promise.all(Array.from({ length: NODES - 1 }, start));
  const owned = Date.now();
  report.note(`${NODES} nodes; setting ${size.timers} timers`);
  const base = `http://127.0.0.1:${stage.receiver.port}/`;
  const wanted = Array.from({ length: size.timers }, (_, i) => ({
    intervalS: 15 + Math.floor((i * size.overS) / size.timers),
    uri: `${base}${i}`,
  }));
  const urls = stage.nodes.map(({ url }) => url);
  const acknowledged = await setTimers(urls, wanted, (index, startMs) => {
    stage.timers.set(`/${index}`, { dueMs: startMs + wanted[index]!.intervalS * 1000, calls: [] });
  });
  report.figure('setPerS', Math.round((acknowledged * 1000) / (Date.now() - owned)));
  report.check('every timer was acknowledged', acknowledged === size.timers, String(acknowledged));
  const dues = [...stage.timers.values()].map(({ dueMs }) => dueMs);
  const [firstMs, lastMs] = [Math.min(...dues), Math.max(...dues)];
  await sleep(Math.max(0, firstMs + (lastMs - firstMs) / 3 - Date.now()));
  const killedMs = Date.now();
  await stopChronos(stage.nodes[1]!, 'SIGKILL');
  report.note('one node was killed; one is added');
  await sleep(2_000);
  await start();
  await sleep(Math.max(0, Math.max(lastMs, killedMs) + DEAD_LATE_MS_MAX + 3_000 - Date.now()));
  judge(report, stage, killedMs);
};

export const line: Line = {
  async run(report) {
    const size = report.quick ? QUICK : FULL;
    const folder = mkdtempSync(path.join(tmpdir(), 'accept-chronos-'));
    const kafka = await startRealEngine('kafka', size.kafkaNodes);
    const timers = new Map<string, Timer>();
    const receiver = await startReceiver(({ path: name, atMs }) => timers.get(name)?.calls.push(atMs));
    const stage: Stage = { nodes: [], receiver, timers };
    try {
      await run(report, size, folder, stage, {
        EVENT_LOG: 'kafka',
        KAFKA_BROKERS: kafka.endpoints.join(','),
        KAFKA_SINGLE: size.kafkaNodes < 3 ? '1' : '0',
      });
    } finally {
      for (const node of stage.nodes) await stopChronos(node, 'SIGKILL');
      receiver.close();
      await kafka.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    const paths = ['apps/chronos/src/chronos-http', 'apps/chronos/src/popper'];
    await checkTests(report, 'Chronos over HTTP', paths, { atLeast: TESTS_MIN });
  },
};
