// 2.5: ten times its load for 60 s on a server that is held to a CPU quota, then its load again: within 5 s nothing is refused and
// an answer takes at most twice as long as before; memory is back within 60 s; no acknowledged binding is lost.
import { createCpuQuota } from '../../measure/cpu-quota.js';
import { sleep } from '../../harness/children.js';
import { createFleet, type Fleet, forEachAtOnce } from '../../harness/fleet.js';
import { freePort } from '../../harness/ports.js';
import { type Product, withProduct } from '../../harness/product.js';
import { quantile, round } from '../../measure/report.js';
import { runSipp, type SippOptions, type SippResult } from '../../harness/sipp.js';
import { DEVICES, provision, type User, usersOf, writeUsersFile } from '../../harness/users.js';
import { type Acknowledged, countLost, registerSteadily } from '../acknowledged.js';
import { checkStatus } from '../checks.js';
import type { Line, Report } from '../line.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SHORT_P99_MS = 500;
const LOAD_PER_S = 1_000;
const TIMES = 10;
/** Share of its quota that the server uses under its load: what an operator would plan with. */
const PLANNED_SHARE = 0.6;
const SERVER_CPU = '0';
const LOAD_CPU = '1';
const RECOVERY_S = 5;
const FULL = { normalS: 15, burstS: 60, memoryAfterS: 60 };
const QUICK = { normalS: 6, burstS: 10, memoryAfterS: 10 };
type Times = typeof FULL;
/** Phones that are registered and refresh all through the burst: what they are told must hold. */
const WITNESSES = 600;
const WITNESSES_PER_S = 20;
/** The burst is of others, who are new at first. */
const CROWD = 4_000;

type Load = (
  scenario: 'reg-auth' | 'reg-burst',
  rate: number,
  seconds: number,
  more?: Partial<SippOptions>,
) => Promise<SippResult>;

type Scene = Readonly<{
  report: Report;
  times: Times;
  product: Product;
  load: Load;
  crowdLoad: Load;
  fleet: Fleet;
}>;

const prepareLoad = async (target: string, usersFile: string): Promise<Load> => {
  const localPort = await freePort();
  return (scenario, rate, seconds, more) =>
    runSipp({
      scenario,
      target,
      localPort,
      usersFile,
      rate,
      calls: rate * seconds,
      callsAtOnceMax: 30_000,
      keys: { contact: `127.0.0.1:${localPort}`, expires: '3600' },
      cpus: LOAD_CPU,
      ...more,
    });
};

/** Cores that the load takes: the quota is planned with it. */
const coresOf = async (product: Product, load: Load): Promise<number> => {
  await load('reg-auth', LOAD_PER_S, 4); // warm
  const [cpuUs, startMs] = [product.cpuUs(), performance.now()];
  await load('reg-auth', LOAD_PER_S, 5);
  return (product.cpuUs() - cpuUs) / 1000 / (performance.now() - startMs);
};

/** Figures of the metrics page, by what their lines begin with. */
const readMetrics = async <Name extends string>(
  product: Product,
  starts: Readonly<Record<Name, string>>,
): Promise<Record<Name, number>> => {
  const page = await fetch(`http://127.0.0.1:${product.ports.MANAGEMENT_PORT}/metrics`);
  const rows = (await page.text()).split('\n');
  const read = (start: string) =>
    Number(
      rows
        .find((row) => row.startsWith(start))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  return Object.fromEntries(
    Object.entries<string>(starts).map(([name, start]) => [name, read(start)]),
  ) as Record<Name, number>;
};

const COUNTS = {
  registered: 'sprout_events_total{kind="registered"',
  refused: 'bono_sip_total{kind="overload"',
  refusedKnown: 'bono_overload_refused_total{urgency="known"',
  refusedBegun: 'bono_overload_refused_total{urgency="begun"',
};
const WAIT = { waitMs: 'bono_input_wait_ms' };

const p99 = ({ latenciesMs }: SippResult): number => round(quantile([...latenciesMs], 0.99), 1);

/** What the server says about its wait, once a second. */
const watchWait = async (product: Product, isOn: () => boolean): Promise<number[]> => {
  const waits: number[] = [];
  while (isOn()) {
    waits.push((await readMetrics(product, WAIT)).waitMs);
    await sleep(1_000);
  }
  return waits;
};

/** Ten times the load, while witnesses register. */
const burst = async ({ report, times, product, crowdLoad, fleet }: Scene): Promise<Acknowledged> => {
  const before = await readMetrics(product, COUNTS);
  const acknowledged: Acknowledged = new Map();
  let isOn = true;
  const running = () => isOn;
  const witnesses = registerSteadily(fleet, 1, acknowledged, { perS: WITNESSES_PER_S, running });
  const waits = watchWait(product, running);
  const startMs = performance.now();
  const result = await crowdLoad('reg-burst', LOAD_PER_S * TIMES, times.burstS, {
    errorsTraced: false,
    timeoutS: times.burstS, // who waits still is given up
  });
  isOn = false;
  const tookS = (performance.now() - startMs) / 1000;
  const after = await readMetrics(product, COUNTS);
  const perS = (name: keyof typeof COUNTS) => Math.round((after[name] - before[name]) / tookS);
  report.figure('burstOfferedPerS', Math.round(result.created / tookS));
  report.figure('burstRefusedPerS', perS('refused'));
  report.figure('burstRefused', {
    known: after.refusedKnown - before.refusedKnown,
    begun: after.refusedBegun - before.refusedBegun,
  });
  report.figure('burstWaitMs', {
    p50: Math.round(quantile(await waits, 0.5)),
    max: Math.round(Math.max(...(await waits))),
  });
  // Who refuses everything is not overloaded any more, and of no use.
  report.atLeast('burstRegisteredPerS', perS('registered'), LOAD_PER_S / 4);
  report.figure('burstWitnesses', await witnesses);
  report.atLeast('acknowledgedInTheBurst', acknowledged.size, (times.burstS * WITNESSES_PER_S) / 10);
  fleet.abandon();
  return acknowledged;
};

/** The load, the burst, the load again: what changed, what is left, what is lost. */
const judge = async (scene: Scene): Promise<void> => {
  const { report, times, product, load } = scene;
  const carry = async () => {
    const refused = (await readMetrics(product, COUNTS)).refused;
    const result = await load('reg-auth', LOAD_PER_S, times.normalS, { latencies: true });
    // SIPp asks again who was refused: its calls succeed all the same.
    return { result, refused: (await readMetrics(product, COUNTS)).refused - refused };
  };
  const { result: before, refused: refusedBefore } = await carry();
  report.check('the load is carried before', before.failed === 0, before.errors.slice(0, 500));
  report.atMost('refusedBefore', refusedBefore, 0);
  const residentMiB = product.residentMiB();

  const acknowledged = await burst(scene);
  const endMs = performance.now();
  report.figure('residentMiBAtTheEndOfTheBurst', product.residentMiB());
  await load('reg-burst', LOAD_PER_S, RECOVERY_S, { timeoutS: RECOVERY_S });
  const { result: after, refused: refusedAfter } = await carry();
  report.atMost('failedAfter5S', after.failed, 0);
  report.atMost('refusedAfter5S', refusedAfter, 0);
  report.figure('errors', after.errors.slice(0, 300));
  report.figure('p99MsBefore', p99(before));
  const twice = round(2 * p99(before), 1);
  // The short form meets whatever else the machine does: it finds a server that does not recover.
  report.atMost('p99MsAfter', p99(after), report.quick ? Math.max(twice, SHORT_P99_MS) : twice);

  await sleep(Math.max(0, times.memoryAfterS * 1000 - (performance.now() - endMs)));
  report.figure('residentMiBBefore', residentMiB);
  report.atMost('residentMiBAfter', product.residentMiB(), Math.round(1.25 * residentMiB));
  report.atMost('acknowledgedButLost', await countLost(report, acknowledged), 0);
  report.check('the process is up', product.alive() && (await product.healthz()).status === 200);
};

/** Held to what an operator would give it for its load. */
const withQuota = async (report: Report, product: Product, load: Load, run: () => Promise<void>) => {
  const cores = round((await coresOf(product, load)) / PLANNED_SHARE, 2);
  const quota = createCpuQuota(`clearwater-${product.pid}`, cores);
  quota.hold(product.pid);
  report.figure('loadPerS', LOAD_PER_S);
  report.figure('quotaCores', cores);
  try {
    await run();
  } finally {
    quota.remove();
  }
};

const registerWitnesses = async (
  report: Report,
  product: Product,
  witnesses: readonly User[],
): Promise<Fleet> => {
  const fleet = await createFleet(
    { transport: 'udp', host: '127.0.0.1', port: product.ports.BONO_PORT },
    witnesses,
  );
  await forEachAtOnce(fleet.phones, 50, async (phone) => {
    const answer = await phone.register({ contact: fleet.contact(phone, 0) });
    checkStatus(report, 'a witness registers', answer, 200);
  });
  return fleet;
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'overload-'));
    const [users, crowd, witnesses] = [usersOf('a', 1_000), usersOf('c', CROWD), usersOf('w', WITNESSES)];
    const usersFile = writeUsersFile(folder, 'users', users, users, DEVICES.caller);
    const crowdFile = writeUsersFile(folder, 'crowd', crowd, crowd, DEVICES.callee);
    try {
      await withProduct({ cpus: SERVER_CPU, env: { REG_MAX_EXPIRES: '3600' } }, async (product) => {
        const target = `127.0.0.1:${product.ports.BONO_PORT}`;
        await provision(product, [...users, ...crowd, ...witnesses]);
        const fleet = await registerWitnesses(report, product, witnesses);
        const load = await prepareLoad(target, usersFile);
        const crowdLoad = await prepareLoad(target, crowdFile);
        const scene = { report, times: report.quick ? QUICK : FULL, product, load, crowdLoad, fleet };
        try {
          await withQuota(report, product, load, () => judge(scene));
        } finally {
          fleet.close();
        }
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
