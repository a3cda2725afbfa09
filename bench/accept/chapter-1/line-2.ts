// 1.2: 1,000 subscribers over REST; SIPp registers at 500/s and calls at 100/s for 60 s each, over UDP and over TCP, no failure;
// each callee compares P-Asserted-Identity with From and answers 488 when they differ (bench/sipp/call-uas-asserted.xml).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareCalls } from '../../flows.js';
import { freePort } from '../../harness/ports.js';
import { type Product, withProduct } from '../../harness/product.js';
import { runSipp, type SippResult, startSipp } from '../../harness/sipp.js';
import { DEVICES, provision, usersOf, writeUsersFile } from '../../harness/users.js';
import type { Line, Report } from '../line.js';

const REGISTRATIONS_PER_S = 500;
const CALLS_PER_S = 100;
const AT_ONCE_MAX = 2000;

const judge = (report: Report, name: string, result: SippResult, calls: number): void => {
  report.figure(name, {
    successful: result.successful,
    failed: result.failed,
    retransmissions: result.retransmissions,
    p99Ms: result.p99Ms,
    seconds: result.seconds,
  });
  report.check(
    `${name}: all ${calls} succeed`,
    result.failed === 0 && result.successful >= calls,
    result.errors,
  );
  report.check(`${name}: SIPp exits 0`, result.exitCode === 0, `${result.exitCode}`);
};

type Size = Readonly<{ subscribers: number; seconds: number }>;

const overUdp = async (report: Report, product: Product, size: Size): Promise<void> => {
  const target = `127.0.0.1:${product.ports.BONO_PORT}`;
  const calls = await prepareCalls(target, size.subscribers / 2);
  try {
    report.note(`UDP: ${REGISTRATIONS_PER_S} registrations/s for ${size.seconds} s`);
    const registrations = await calls.registerAt(REGISTRATIONS_PER_S, REGISTRATIONS_PER_S * size.seconds);
    judge(report, 'udpRegistrations', registrations, REGISTRATIONS_PER_S * size.seconds);
    await calls.register('call-uas-asserted');
    report.note(`UDP: ${CALLS_PER_S} calls/s for ${size.seconds} s`);
    judge(
      report,
      'udpCalls',
      await calls.load(CALLS_PER_S, CALLS_PER_S * size.seconds),
      CALLS_PER_S * size.seconds,
    );
  } finally {
    await calls.dispose();
  }
};

/** Over TCP a client is its connection: callees register and answer on one, callers register and call on another. */
const overTcp = async (report: Report, product: Product, size: Size): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'users-'));
  const target = `127.0.0.1:${product.ports.BONO_PORT}`;
  const half = size.subscribers / 2;
  const [callers, callees] = [usersOf('a', half), usersOf('b', half)];
  const callerFile = writeUsersFile(folder, 'callers', callers, callees, DEVICES.caller);
  const calleeFile = writeUsersFile(folder, 'callees', callees, callers, DEVICES.callee);
  const tcp = async (scenario: string, usersFile: string) => {
    const localPort = await freePort();
    const keys = { contact: `127.0.0.1:${localPort}`, expires: '3600' };
    return {
      scenario,
      usersFile,
      localPort,
      keys,
      target,
      transport: 'tcp',
      callsAtOnceMax: AT_ONCE_MAX,
    } as const;
  };
  try {
    report.note(`TCP: ${REGISTRATIONS_PER_S} registrations/s for ${size.seconds} s`);
    const flows = REGISTRATIONS_PER_S * size.seconds;
    const registrations = await runSipp({
      ...(await tcp('reg-auth', callerFile)),
      rate: REGISTRATIONS_PER_S,
      calls: flows,
    });
    judge(report, 'tcpRegistrations', registrations, flows);
    const answering = startSipp({
      ...(await tcp('callee-connection', calleeFile)),
      rate: REGISTRATIONS_PER_S,
      calls: half,
      outOfCall: 'call-uas-asserted',
      timeoutS: size.seconds + 120,
    });
    try {
      report.note(`TCP: ${CALLS_PER_S} calls/s for ${size.seconds} s`);
      const count = CALLS_PER_S * size.seconds;
      // Each registers on the connection that it calls from.
      const result = await runSipp({
        ...(await tcp('register-and-call', callerFile)),
        rate: CALLS_PER_S,
        calls: count,
      });
      judge(report, 'tcpCalls', result, count);
    } finally {
      await answering.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const line: Line = {
  async run(report) {
    const size = report.quick ? { subscribers: 1000, seconds: 8 } : { subscribers: 1000, seconds: 60 };
    await withProduct({ env: { REG_MAX_EXPIRES: '3600' } }, async (product) => {
      const half = size.subscribers / 2;
      const startMs = performance.now();
      await provision(product, [...usersOf('a', half), ...usersOf('b', half)]);
      report.figure('subscribers', size.subscribers);
      report.figure('provisioningS', Math.round((performance.now() - startMs) / 100) / 10);
      report.figure('readyMs', product.readyMs);
      await overUdp(report, product, size);
      await overTcp(report, product, size);
      const health = await product.healthz();
      report.check('the product is ready afterwards', health.status === 200, health.body);
      const stopped = await product.stop();
      report.check(
        'it drains within 10 s and exits 0',
        stopped.code === 0 && stopped.tookMs < 10_000,
        JSON.stringify(stopped),
      );
    });
  },
};
