// 2.5: ten times its load for 60 s on a server that is held to a CPU quota, then its load again: within 5 s nothing is refused and
// an answer takes at most twice as long as before; memory is back within 60 s; no acknowledged binding is lost.
import { createCpuQuota } from '../../harness/cpu-quota.js';
import { sleep } from '../../harness/children.js';
import { createFleet, type Fleet, forEachAtOnce } from '../../harness/fleet.js';
import { freePort } from '../../harness/ports.js';
import { type Product, withProduct } from '../../harness/product.js';
import { quantile, round } from '../../harness/report.js';
import { runSipp, type SippOptions, type SippResult } from '../../harness/sipp.js';
import { DEVICES, provision, usersOf, writeUsersFile } from '../../harness/users.js';
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
const MEMORY_AFTER_S = 60;
const FULL = { normalS: 15, burstS: 60, memoryAfterS: MEMORY_AFTER_S };
const QUICK = { normalS: 6, burstS: 10, memoryAfterS: 10 };
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

/** A figure of the metrics page: its line begins so. */
const metric = async (product: Product, start: string): Promise<number> => {
  const page = await fetch(`http://127.0.0.1:${product.ports.MANAGEMENT_PORT}/metrics`);
  const found = (await page.text()).split('\n').find((row) => row.startsWith(start));
  return Number(found?.split(' ').at(-1) ?? 0);
};
const REGISTERED = 'sprout_events_total{kind="registered"';
const REFUSED = 'bono_sip_total{kind="overload"';

const p99 = ({ latenciesMs }: SippResult): number => round(quantile([...latenciesMs], 0.99), 1);

/** Ten times the load, while witnesses register. */
const burst = async (
  report: Report,
  product: Product,
  load: Load,
  fleet: Fleet,
  seconds: number,
): Promise<Acknowledged> => {
  const counts = async () => [await metric(product, REGISTERED), await metric(product, REFUSED)] as const;
  const [registered, refused] = await counts();
  const acknowledged: Acknowledged = new Map();
  let isOn = true;
  const witnesses = registerSteadily(fleet, 1, acknowledged, { perS: WITNESSES_PER_S, running: () => isOn });
  const startMs = performance.now();
  const result = await load('reg-burst', LOAD_PER_S * TIMES, seconds, {
    errorsTraced: false,
    timeoutS: seconds, // who waits still is given up
  });
  isOn = false;
  const tookS = (performance.now() - startMs) / 1000;
  const [registeredAfter, refusedAfter] = await counts();
  report.figure('burstOfferedPerS', Math.round(result.created / tookS));
  report.figure('burstRefusedPerS', Math.round((refusedAfter - refused) / tookS));
  // Who refuses everything is not overloaded any more, and of no use.
  report.atLeast('burstRegisteredPerS', Math.round((registeredAfter - registered) / tookS), LOAD_PER_S / 4);
  report.figure('burstWitnesses', await witnesses);
  return acknowledged;
};

export const line: Line = {
  async run(report) {
    const { normalS, burstS, memoryAfterS } = report.quick ? QUICK : FULL;
    const folder = mkdtempSync(path.join(tmpdir(), 'overload-'));
    let quota: ReturnType<typeof createCpuQuota> | undefined;
    try {
      const [users, crowd] = [usersOf('a', 1_000), usersOf('c', CROWD)];
      const usersFile = writeUsersFile(folder, 'users', users, users, DEVICES.caller);
      const crowdFile = writeUsersFile(folder, 'crowd', crowd, crowd, DEVICES.callee);
      await withProduct({ cpus: SERVER_CPU, env: { REG_MAX_EXPIRES: '3600' } }, async (product) => {
        const target = `127.0.0.1:${product.ports.BONO_PORT}`;
        const witnesses = usersOf('w', WITNESSES);
        await provision(product, [...users, ...crowd, ...witnesses]);
        const fleet = await createFleet(
          { transport: 'udp', host: '127.0.0.1', port: product.ports.BONO_PORT },
          witnesses,
        );
        try {
          const load = await prepareLoad(target, usersFile);
          const crowdLoad = await prepareLoad(target, crowdFile);
          await forEachAtOnce(fleet.phones, 50, async (phone) => {
            checkStatus(report, 'a witness registers', await phone.register(), 200);
          });
          const cores = round((await coresOf(product, load)) / PLANNED_SHARE, 2);
          quota = createCpuQuota(`clearwater-${product.pid}`, cores);
          quota.hold(product.pid);
          report.figure('loadPerS', LOAD_PER_S);
          report.figure('quotaCores', cores);

          const before = await load('reg-auth', LOAD_PER_S, normalS, { latencies: true });
          report.check('the load is carried before', before.failed === 0, before.errors.slice(0, 500));
          const residentMiB = product.residentMiB();

          const acknowledged = await burst(report, product, crowdLoad, fleet, burstS);
          const endMs = performance.now();
          fleet.abandon();
          report.figure('residentMiBAtTheEndOfTheBurst', product.residentMiB());
          await load('reg-burst', LOAD_PER_S, RECOVERY_S, { timeoutS: RECOVERY_S });
          const after = await load('reg-auth', LOAD_PER_S, normalS, { latencies: true });
          report.atMost('refusedOrFailedAfter5S', after.failed, 0);
          report.figure('errors', after.errors.slice(0, 300));
          report.figure('p99MsBefore', p99(before));
          const twice = round(2 * p99(before), 1);
          // The short form meets whatever else the machine does: it finds a server that does not recover.
          report.atMost('p99MsAfter', p99(after), report.quick ? Math.max(twice, SHORT_P99_MS) : twice);

          await sleep(Math.max(0, memoryAfterS * 1000 - (performance.now() - endMs)));
          report.figure('residentMiBBefore', residentMiB);
          report.atMost('residentMiBAfter', product.residentMiB(), Math.round(1.25 * residentMiB));
          report.atLeast('acknowledgedInTheBurst', acknowledged.size, (burstS * WITNESSES_PER_S) / 10);
          report.atMost('acknowledgedButLost', await countLost(report, acknowledged), 0);
          report.check('the process is up', product.alive() && (await product.healthz()).status === 200);
        } finally {
          fleet.close();
        }
      });
    } finally {
      quota?.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
