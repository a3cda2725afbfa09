// 6.4: the CDF is down for ten minutes (one in the short form) under 20 calls/s, Ralf is killed with -9 twice meanwhile, a second Ralf joins:
// afterwards each call has START, its INTERIMs and STOP exactly once in the CDF's records (the T flag tells doubles), sessions of another CDF
// were not delayed, and `reconcile` finds nothing. On Kafka, the router in one process, each Ralf and each CDF in one of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import type { SipMessage } from '#libs/sip';
import { startRealEngine } from '#libs/testkit';
import { callIdOf, endChild, recordsIn, type RunningCdf, type RunningRalf, startCdf, startRalf, waitingAt, type WrittenRecord } from '../../harness/charging.js'; // prettier-ignore
import { sleep, until } from '../../harness/children.js';
import { freePort } from '../../harness/ports.js';
import { API_KEY, cleanEnv, DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { quantile } from '../../measure/report.js';
import { inRepository } from '../../harness/root.js';
import { PASSWORD, provision, usersOf } from '../../harness/users.js';
import type { Line, Report } from '../line.js';

type Size = Readonly<{ downS: number; kafkaNodes: number }>;
const FULL: Size = { downS: 600, kafkaNodes: 3 };
const QUICK: Size = { downS: 60, kafkaNodes: 1 };
const CALLS_A_SECOND = 20;
const PHONES = 40;
/** Answered, changed in its middle, ended. */
const CALL_S = 8;
const INTERIM_S = 3;
const BEFORE_S = 5;
const AFTER_S = 5;
const DRAINED_MS_MAX = 300_000;
/** Session 6 s, rebalance 10 s, a start. */
const MOVED_MS_MAX = 25_000;
const OTHERS_MS_MAX = 1_000;
const FIRST_STARTS_MAX = 5;
const GOOD_PERCENT_MIN = 90;

type Stage = {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cdfs: [RunningCdf, RunningCdf];
  readonly ralfs: RunningRalf[];
  readonly kills: number[];
};

const statusOf = (answer: SipMessage | 'timeout'): number => (answer === 'timeout' ? 408 : answer.status);

type Made = Readonly<{ callId: string; status: number }>;

/** 200: answered, changed, ended, each as it should be. */
const call = async (caller: Phone, callee: Phone): Promise<Made> => {
  const { request, answer } = await caller.call(callee.aor);
  const { callId } = request;
  if (answer === 'timeout' || answer.status !== 200) return { callId, status: statusOf(answer) };
  await sleep((CALL_S * 1000) / 2);
  const changed = statusOf(await caller.inDialog('UPDATE', { request, answer }, 2)!.final);
  await sleep((CALL_S * 1000) / 2);
  const ended = statusOf(await caller.inDialog('BYE', { request, answer }, 3)!.final);
  return { callId, status: changed === 200 ? ended : changed };
};

const startPhones = async (product: Product): Promise<readonly Phone[]> => {
  const users = usersOf('a', PHONES);
  await provision(product, users);
  const server = { address: '127.0.0.1', port: product.ports.BONO_PORT };
  const account = { domain: DOMAIN, password: PASSWORD, server, transport: 'udp', address: '127.0.0.1', clock, random } as const; // prettier-ignore
  const phones = await Promise.all(users.map(({ name }) => Phone.start({ ...account, user: name })));
  for (const phone of phones) await phone.register({ expiresS: 3_600 });
  return phones;
};

/** One event a second that another CDF is to have; each is sent to whoever takes it, until one does. */
const tellOthers = async (stage: Stage, told: Map<string, number>, isOver: () => boolean): Promise<void> => {
  for (let n = 0; !isOver(); n++) {
    const name = `other-${n}`;
    const ims = { 'Role-Of-Node': 0, 'Node-Functionality': 6 };
    const event = { 'Accounting-Record-Type': 1, 'User-Name': name, 'Service-Information': { 'IMS-Information': ims } }; // prettier-ignore
    const body = JSON.stringify({ peers: { ccf: ['127.0.0.2'] }, event });
    for (const { url } of [...stage.ralfs].reverse()) {
      const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/call-id/${name}`, { method: 'POST', headers, body }).catch(() => undefined); // prettier-ignore
      if (answer?.status !== 200) continue;
      told.set(name, Date.now());
      break;
    }
    await sleep(1_000);
  }
};

const startOne = async (stage: Stage, name: string): Promise<RunningRalf> => {
  const ralf = await startRalf(path.join(stage.folder, name), stage.env);
  stage.ralfs.push(ralf);
  return ralf;
};

const killOne = async (report: Report, stage: Stage, ralf: RunningRalf): Promise<void> => {
  report.note('a Ralf is killed with -9');
  stage.kills.push(Date.now());
  stage.ralfs.splice(stage.ralfs.indexOf(ralf), 1);
  await endChild(ralf.child, 'SIGKILL');
};

/** What happens while the CDF is down. */
const trouble = async (report: Report, stage: Stage, listen: string, downS: number): Promise<void> => {
  await sleep(BEFORE_S * 1000);
  report.note(`the CDF is down for ${downS} s`);
  await endChild(stage.cdfs[0].child, 'SIGKILL');
  const startMs = Date.now();
  const at = (share: number): Promise<void> =>
    sleep(Math.max(0, startMs + share * downS * 1000 - Date.now()));
  await at(0.15);
  await killOne(report, stage, stage.ralfs[0]!);
  const first = await startOne(stage, 'ralf-1');
  await at(0.45);
  report.note('a second Ralf joins');
  await startOne(stage, 'ralf-2');
  await at(0.7);
  await killOne(report, stage, first);
  await startOne(stage, 'ralf-1');
  await at(1);
  stage.cdfs[0] = await startCdf(listen, 'cdf1.ims.test', path.join(stage.folder, 'cdf1'));
  report.note('the CDF is back');
  await sleep(AFTER_S * 1000);
};

const makeCalls = async (phones: readonly Phone[], isOver: () => boolean): Promise<readonly Made[]> => {
  const calls: Promise<Made>[] = [];
  const startMs = Date.now();
  for (let n = 0; !isOver(); n++) {
    calls.push(call(phones[n % PHONES]!, phones[(n + 7) % PHONES]!));
    await sleep(Math.max(0, startMs + ((n + 1) * 1000) / CALLS_A_SECOND - Date.now()));
  }
  return Promise.all(calls);
};

/** START first, STOP last, numbers without a gap, each once but for marked doubles. */
const faultOf = (records: readonly WrittenRecord[]): string | undefined => {
  const unmarked = records.filter(({ duplicate, retransmitted }) => duplicate && !retransmitted);
  if (unmarked.length > 0) return `twice, not marked: ${unmarked[0]?.recordNumber}`;
  const once = records.filter(({ duplicate }) => !duplicate);
  if (once.some(({ recordNumber }, at) => recordNumber !== at + 1)) return `numbers ${once.map(({ recordNumber }) => recordNumber).join()}`; // prettier-ignore
  const types = once.map(({ recordType }) => recordType);
  if (types[0] !== 'START' || types.at(-1) !== 'STOP') return types.join();
  const between = types.slice(1, -1);
  return between.length > 0 && between.every((type) => type === 'INTERIM') ? undefined : types.join();
};

/** Of calls that went as they should; on a machine with other work some do not, and charging them shows nothing. */
const judgeRecords = (report: Report, stage: Stage, good: ReadonlySet<string>): void => {
  const records = recordsIn(stage.cdfs[0].file).filter((record) => good.has(callIdOf(record)));
  const sessions = Map.groupBy(records, ({ sessionId }) => sessionId);
  const faults = [...sessions].flatMap(([id, own]) => {
    const fault = faultOf(own);
    return fault === undefined ? [] : [`${id}: ${fault}`];
  });
  report.figure('sessions', sessions.size);
  report.figure('records', records.filter(({ duplicate }) => !duplicate).length);
  report.figure('markedDoubles', records.filter(({ duplicate }) => duplicate).length);
  report.figure('sentWithT', records.filter(({ retransmitted }) => retransmitted).length);
  report.check('both sides of each call are in the CDF’s records', sessions.size === 2 * good.size, `${sessions.size} sessions of ${good.size} calls`); // prettier-ignore
  report.check('each has START, INTERIMs, STOP exactly once', faults.length === 0, faults.slice(0, 5).join('; ')); // prettier-ignore
};

const judgeOthers = (report: Report, stage: Stage, told: ReadonlyMap<string, number>): void => {
  const came = new Map(recordsIn(stage.cdfs[1].file).map(({ userName, receivedAt }) => [userName, Date.parse(receivedAt)])); // prettier-ignore
  const late = [...told].map(([name, atMs]) => ({ atMs, lateMs: (came.get(name) ?? Infinity) - atMs }));
  const moved = ({ atMs }: { atMs: number }): boolean =>
    stage.kills.some((killMs) => atMs > killMs - 2_000 && atMs < killMs + MOVED_MS_MAX);
  const calm = late.filter((one) => !moved(one)).map(({ lateMs }) => lateMs);
  report.figure('others', late.length);
  report.check(
    'none of another CDF is lost',
    late.every(({ lateMs }) => lateMs < Infinity),
  );
  report.atMost('othersLateMsMedian', Math.round(quantile(calm, 0.5)), OTHERS_MS_MAX / 2);
  report.atMost('othersLateMsP95', Math.round(quantile(calm, 0.95)), OTHERS_MS_MAX);
  report.atMost('othersLateMsMostAroundTheKills', Math.round(quantile(late.filter(moved).map(({ lateMs }) => lateMs), 1)), MOVED_MS_MAX); // prettier-ignore
};

const reconcile = (stage: Stage): Promise<string> => {
  const main = inRepository('dist/apps/ralf/src/cli/charging.js');
  const args = [main, 'reconcile', '--to', 'now', '--cdf', ...stage.cdfs.map(({ file }) => file)];
  return new Promise((resolve) => {
    const env = { ...cleanEnv(), HOME_DOMAIN: DOMAIN, ...stage.env };
    execFile(process.execPath, args, { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
      resolve(error === null ? stdout : `${error.message}\n${stderr}${stdout}`),
    );
  });
};

const run = async (
  report: Report,
  stage: Stage,
  size: Size,
  product: Product,
  listen: string,
): Promise<void> => {
  const phones = await startPhones(product);
  let isOver = false;
  const told = new Map<string, number>();
  const others = tellOthers(stage, told, () => isOver);
  const making = makeCalls(phones, () => isOver);
  await trouble(report, stage, listen, size.downS).finally(() => (isOver = true));
  const calls = await making;
  await others;
  await Promise.all(phones.map((phone) => phone.close()));
  const good = new Set(calls.filter(({ status }) => status === 200).map(({ callId }) => callId));
  report.figure('calls', calls.length);
  const statuses = calls.map(({ status }) => status).filter((status) => status !== 200);
  report.figure('failedCalls', [...new Set(statuses)].map((status) => `${status}: ${statuses.filter((one) => one === status).length}`)); // prettier-ignore
  report.atLeast('callsGoOnPercent', (good.size * 100) / calls.length, GOOD_PERCENT_MIN);
  const startMs = Date.now();
  await until('what waits to be sent', DRAINED_MS_MAX, async () => {
    const waiting = await Promise.all(stage.ralfs.map(waitingAt));
    if (waiting.every((count) => count === 0)) return true;
    await sleep(250);
    return undefined;
  });
  report.figure('drainedAfterS', Math.round((Date.now() - startMs) / 1000));
  judgeRecords(report, stage, good);
  judgeOthers(report, stage, told);
  const found = await reconcile(stage);
  report.note(found.slice(-600));
  report.check('reconcile finds nothing', ['missing', 'doubled', 'different', 'refused'].every((kind) => new RegExp(`^ +${kind} +0$`, 'm').test(found)), found.slice(0, 1_000)); // prettier-ignore
};

export const line: Line = {
  async run(report) {
    const size = report.quick ? QUICK : FULL;
    const folder = mkdtempSync(path.join(tmpdir(), 'accept-charging-'));
    const kafka = await startRealEngine('kafka', size.kafkaNodes);
    const ports = [await freePort(), await freePort()];
    const listens = [`127.0.0.1:${ports[0]}`, `127.0.0.2:${ports[1]}`] as const;
    const log = {
      EVENT_LOG: 'kafka',
      KAFKA_BROKERS: kafka.endpoints.join(','),
      KAFKA_SINGLE: size.kafkaNodes < 3 ? '1' : '0',
    };
    const env = { ...log, CDF_PEERS: listens.join(','), CHARGING_INTERIM_S: String(INTERIM_S) };
    const started: RunningCdf[] = [];
    const ralfs: RunningRalf[] = [];
    try {
      for (const [n, listen] of listens.entries())
        started.push(await startCdf(listen, `cdf${n + 1}.ims.test`, path.join(folder, `cdf${n + 1}`)));
      const stage: Stage = { folder, env, cdfs: [started[0]!, started[1]!], ralfs, kills: [] };
      // The first makes the topics; engines that have just been started refuse at first, and a supervisor starts it again.
      for (let starts = 1; ralfs.length === 0; starts++)
        await startOne(stage, 'ralf-1').catch((error: unknown) => {
          if (starts >= FIRST_STARTS_MAX) throw error;
        });
      // Phones that need not come back within the ten minutes.
      const product = { env: { ...log, CHARGING_COLLECTION_FUNCTIONS: listens[0], REG_MAX_EXPIRES: '3600' } };
      await withProduct(product, (running) =>
        run(report, stage, size, running, listens[0]).finally(() => started.push(...stage.cdfs)),
      );
    } finally {
      for (const { child } of [...ralfs, ...started]) await endChild(child, 'SIGKILL');
      await kafka.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
