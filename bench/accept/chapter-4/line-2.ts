// 4.2: calls on the running product through one and through three SIPp servers on each side, and in each way in which such a server
// fails; diversion of each kind, chained and looping, barring and privacy (telephony-services.ts).
import { connect } from 'node:net';
import { statusOf } from '#libs/testkit';
import { until } from '../../harness/children.js';
import { serversInOrder } from '../../harness/criteria.js';
import { invite } from '../../harness/phone-call.js';
import { freePort } from '../../harness/ports.js';
import { type Product, withProduct } from '../../harness/product.js';
import { startSipp, type SippRun } from '../../harness/sipp.js';
import { prepareCalls } from '../../flows.js';
import { provision, provisionUser, userOf } from '../../harness/users.js';
import { checkStatus, newPhone, registeredPhone, statusLine } from '../checks.js';
import type { Line, Report } from '../line.js';
import { checkServices } from './telephony-services.js';

type Server = Readonly<{ uri: string; run: SippRun }>;

const LISTENS_MS_MAX = 10_000;

const listens = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });

const startServer = async (scenario: string): Promise<Server> => {
  const localPort = await freePort();
  const run = startSipp({ scenario, localPort, transport: 'tcp', errorsTraced: false });
  await until(`${scenario} to listen`, LISTENS_MS_MAX, () => listens(localPort));
  return { uri: `sip:127.0.0.1:${localPort};transport=tcp`, run };
};

const USERS = 10;
const RATE = 5;

/** SIPp calls SIPp through `each` servers on each side; a server has each call once. */
const checkChains = async (report: Report, product: Product, each: number, calls: number): Promise<void> => {
  report.note(`${calls} calls through ${each} on each side`);
  const start = (): Promise<Server[]> =>
    Promise.all(Array.from({ length: each }, () => startServer('server-gives-back')));
  const [before, after] = [await start(), await start()];
  const names: readonly [string, string] = [`from${each}x`, `to${each}x`];
  const flows = await prepareCalls(`127.0.0.1:${product.ports.BONO_PORT}`, USERS, names);
  const criteria = (servers: readonly Server[], of: 0 | 1): string =>
    serversInOrder(servers.map(({ uri: server }) => ({ server, of })));
  await provision(product, flows.callers, { filterCriteria: criteria(before, 0) });
  await provision(product, flows.callees, { filterCriteria: criteria(after, 1) });
  await flows.register('call-uas-rings');
  const { successful, failed, errors } = await flows.load(RATE, calls);
  await flows.dispose();
  report.check(`${each} a side: every call succeeds`, failed === 0 && successful === calls, errors);
  for (const { run } of [...before, ...after]) {
    const { successful: given } = await run.stop();
    report.check(`${each} a side: each server has each call`, given === calls, `${given} of ${calls}`);
  }
  report.figure(`callsThrough${each}`, successful);
};

type Failure = Readonly<{
  name: string;
  scenario: string | undefined;
  /** What the caller is told: by a callee who is reached 486, else what the server's failure means. */
  continued: number;
  terminated: number;
}>;

/** The callee's own refusal: it was reached. */
const REACHED = 486;

const decides = (status: number): Failure => ({
  name: `${status}`,
  scenario: `server-answers-${status}`,
  continued: status,
  terminated: status,
});

/** The matrix of default handling, its second row with the timer that starts again. */
const FAILURES: readonly Failure[] = [
  { name: 'silent', scenario: 'server-silent', continued: REACHED, terminated: 408 },
  { name: '100 and silent', scenario: 'server-hesitates', continued: REACHED, terminated: 408 },
  { name: '183 and 500', scenario: 'server-rings-then-fails', continued: 500, terminated: 500 },
  { ...decides(500), continued: REACHED, terminated: 500 },
  decides(404),
  decides(603),
  { name: 'not there', scenario: undefined, continued: REACHED, terminated: 500 },
];

const FINAL_MS_MAX = 12_000;

const checkFailure = async (
  report: Report,
  product: Product,
  failure: Failure,
  terminated: boolean,
): Promise<void> => {
  const { name, scenario } = failure;
  const what = `${name}, ${terminated ? 'terminated' : 'continued'}`;
  const server =
    scenario === undefined
      ? { uri: `sip:127.0.0.1:${await freePort()};transport=tcp`, run: undefined }
      : await startServer(scenario);
  const user = userOf(`${terminated ? 't' : 'c'}${name.replaceAll(' ', '')}`);
  await provisionUser(product, user, {
    filterCriteria: serversInOrder([{ server: server.uri, of: 0, terminated }]),
  });
  const caller = await newPhone(product, user);
  const callee = await registeredPhone(report, product, 'reached');
  try {
    await caller.register();
    callee.onRequest = (request, phone) => {
      if (!request.startsWith('INVITE')) return false;
      phone.reply(request, REACHED, 'Busy Here');
      return true;
    };
    const final = await Promise.race([
      invite(caller, callee.user.impu).final,
      new Promise<string>((resolve) => void setTimeout(resolve, FINAL_MS_MAX, 'no answer').unref()),
    ]);
    const wanted = terminated ? failure.terminated : failure.continued;
    report.check(`${what}: the caller is told ${wanted}`, statusOf(final) === wanted, statusLine(final));
  } finally {
    caller.close();
    callee.close();
    await server.run?.stop();
  }
};

/** It gives the request back, then fails: that is what the caller is told, and the callee is not rung again. */
const checkReturnedThenFails = async (
  report: Report,
  product: Product,
  terminated: boolean,
): Promise<void> => {
  const server = await startServer('server-gives-back-then-fails');
  const user = userOf(`gives${terminated ? 't' : 'c'}`);
  await provisionUser(product, user, {
    filterCriteria: serversInOrder([{ server: server.uri, of: 0, terminated }]),
  });
  const caller = await newPhone(product, user);
  const callee = await registeredPhone(report, product, 'rung');
  try {
    await caller.register();
    const call = invite(caller, callee.user.impu);
    const arrived = await callee.take('INVITE');
    callee.reply(arrived, 180, 'Ringing');
    checkStatus(report, 'given back and failed', await call.final, 500);
    callee.reply(arrived, REACHED, 'Busy Here');
    const rung = new Set(
      callee.received.filter((text) => text.startsWith('INVITE')).map((text) => text.split('\r\n')[1]),
    );
    report.check('given back and failed: rung once', rung.size === 1, `${rung.size} times`);
  } finally {
    caller.close();
    callee.close();
    await server.run.stop();
  }
};

export const line: Line = {
  async run(report) {
    const calls = report.quick ? 10 : 300;
    await withProduct({ env: { REG_MAX_EXPIRES: '3600' } }, async (product) => {
      for (const each of [1, 3]) await checkChains(report, product, each, calls);
      for (const failure of FAILURES)
        for (const terminated of [false, true]) {
          report.note(`a server that fails: ${failure.name}${terminated ? ', terminated' : ''}`);
          await checkFailure(report, product, failure, terminated);
        }
      for (const terminated of [false, true]) await checkReturnedThenFails(report, product, terminated);
      await checkServices(report, product);
    });
  },
};
