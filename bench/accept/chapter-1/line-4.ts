// 1.4: kill -9 under 500 registrations/s, ten times: every binding whose 200 OK came is there after the restart; a UDP phone is
// called at once, TCP and WebSocket phones after they are back; ready in under 3 s. Power cuts (a file port that forgets what was
// not fdatasync-ed) are a simulation in libs/event-log.
import { sleep } from '../../harness/children.js';
import { createFleet, type Fleet } from '../../harness/fleet.js';
import type { Phone } from '../../harness/phone.js';
import { type Product, withProduct } from '../../harness/product.js';
import { round } from '../../measure/report.js';
import { slowness } from '../../measure/slowness.js';
import { provision, usersOf } from '../../harness/users.js';
import { type Acknowledged, countLost, registerSteadily } from '../acknowledged.js';
import { checkCallBetween, checkStatus, newPhone, registeredPhone } from '../checks.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const REGISTRATIONS_PER_S = 500;
const READY_MS_MAX = 3000;
/** The kill comes somewhere in this window of a round. */
const KILL_AFTER_MS = { least: 500, most: 3500 };

const killRound = async (
  report: Report,
  product: Product,
  fleet: Fleet,
  round: number,
  acknowledged: Acknowledged,
) => {
  const { least, most } = KILL_AFTER_MS;
  const killAfterMs = least + Math.random() * (most - least);
  let running = true;
  const load = registerSteadily(fleet, round, acknowledged, {
    perS: REGISTRATIONS_PER_S,
    running: () => running,
  });
  await sleep(killAfterMs);
  await product.kill9();
  running = false;
  const sent = await load;
  await sleep(50); // what the kernel still holds for us
  fleet.abandon();
  const confirmed = [...acknowledged.values()].filter((mark) => mark === String(round)).length;
  const readyMs = await product.start();
  report.note(
    `round ${round}: killed after ${Math.round(killAfterMs)} ms, ${sent} sent, ${confirmed} confirmed, ready in ${readyMs} ms`,
  );
  return { readyMs, sent, confirmed };
};

const checkCallsAfterwards = async (
  report: Report,
  product: Product,
  udp: readonly [Phone, Phone],
  round: number,
): Promise<void> => {
  const [caller, callee] = udp;
  await checkCallBetween(report, caller, callee, `round ${round}: UDP at once`);
  for (const transport of ['tcp', 'ws'] as const) {
    const back = await newPhone(product, callee.user, transport, { contactParams: ';reg-id=1' });
    checkStatus(report, `round ${round}: ${transport} is back`, await back.register(), 200);
    // The UDP phone of the same user rings too and would answer first: it leaves.
    const call = checkCallBetween(report, back, caller, `round ${round}: ${transport} calls`);
    await call;
    await back.register({ expires: 0 });
    back.close();
  }
};

export const line: Line = {
  async run(report) {
    const rounds = report.quick ? 3 : 10;
    const users = usersOf('k', report.quick ? 800 : 1800);
    await withProduct({ env: { REG_MAX_EXPIRES: '3600' } }, async (product) => {
      await provision(product, users);
      const fleet = await createFleet(
        { transport: 'udp', host: '127.0.0.1', port: product.ports.BONO_PORT },
        users,
      );
      const caller = await registeredPhone(report, product, 'caller');
      const callee = await registeredPhone(report, product, 'callee');
      const acknowledged: Acknowledged = new Map();
      const readyMs: number[] = [];
      let [sent, confirmed, lost] = [0, 0, 0];
      try {
        for (let round = 1; round <= rounds; round += 1) {
          const result = await killRound(report, product, fleet, round, acknowledged);
          readyMs.push(result.readyMs);
          sent += result.sent;
          confirmed += result.confirmed;
          await checkCallsAfterwards(report, product, [caller, callee], round);
          lost += await countLost(report, acknowledged);
        }
      } finally {
        fleet.close();
        caller.close();
        callee.close();
      }
      report.figure('kills', rounds);
      report.figure('registrationsSent', sent);
      report.atLeast('registrationsConfirmed', confirmed, rounds * 100);
      report.atMost('confirmedButLost', lost, 0);
      // The short form runs on whatever machine it meets: what that one should take.
      const slow = report.quick ? slowness() : 1;
      report.figure('slowness', slow);
      report.atMost('readyMsMax', Math.max(...readyMs), round(READY_MS_MAX * slow));
    });
    await checkTests(report, 'power cuts', ['libs/event-log'], { named: 'power cuts', atLeast: 2 });
  },
};
