// Forking by q, Request-Disposition, Accept-Contact and Reject-Contact on the running product (RFC 3261 §16.6, RFC 3841). Used by line 5.1.
import { randomUUID } from 'node:crypto';
import { statusOf } from '#libs/testkit';
import type { Phone } from '../../harness/phone.js';
import { expectCall, type IncomingCall, invite, type OutgoingCall } from '../../harness/phone-call.js';
import type { Product } from '../../harness/product.js';
import type { Header } from '../../harness/sip-text.js';
import { checkStatus, newPhone, newUser, registeredPhone } from '../checks.js';
import type { Report } from '../line.js';
import { checkQuiet, letsGo } from './check-also.js';

type Family = Readonly<{
  report: Report;
  caller: Phone;
  /** By the order of their parameters. */
  devices: readonly Phone[];
  call: (...headers: readonly Header[]) => OutgoingCall;
}>;

/** A user with a device for each of these Contact parameters. */
const withFamily = async (
  report: Report,
  product: Product,
  params: readonly string[],
  use: (family: Family) => Promise<void>,
): Promise<void> => {
  const user = await newUser(product, 'forked');
  const caller = await registeredPhone(report, product, 'caller', 'tcp');
  const devices: Phone[] = [];
  try {
    for (const contactParams of params) {
      const device = await newPhone(product, user, 'tcp', { instance: randomUUID(), contactParams });
      devices.push(device);
      checkStatus(report, `a device registers with ${contactParams}`, await device.register(), 200);
    }
    const call = (...headers: readonly Header[]) => invite(caller, user.impu, { headers });
    await use({ report, caller, devices, call });
  } finally {
    for (const phone of [caller, ...devices]) phone.close();
  }
};

const ringing = async (phone: Phone, timeoutMs?: number): Promise<IncomingCall> => {
  const call = await expectCall(phone, timeoutMs);
  call.ring();
  return call;
};

const checkByQ = async ({ report, devices, call }: Family, ringS: number): Promise<void> => {
  const [desk, mobile, tablet] = devices as [Phone, Phone, Phone];
  let before = tablet.received.length;
  const first = call();
  const atDesk = await ringing(desk);
  await first.response(180);
  await checkQuiet(report, 'q=1 rings alone', tablet, before);
  atDesk.reject(486, 'Busy Here');
  const both = await Promise.all([ringing(mobile), ringing(tablet)]);
  const answered = both[1].answer();
  await letsGo(mobile, both[0]);
  await answered;
  checkStatus(report, 'then both of q=0.5, of which one answers', await first.final, 200);
  const ended = first.bye();
  tablet.reply(await tablet.take('BYE'), 200, 'OK');
  report.check('the call ends', statusOf(await ended) === 200);

  before = tablet.received.length;
  const declined = call();
  (await ringing(desk)).reject(603, 'Decline');
  checkStatus(report, 'a 6xx is for all', await declined.final, 603);
  await checkQuiet(report, 'nobody else rings', tablet, before);

  const given = call();
  (await ringing(desk)).reject(480, 'Temporarily Unavailable');
  const second = await Promise.all([ringing(mobile), ringing(tablet)]);
  checkStatus(report, 'a CANCEL while the second group rings', await given.cancel(), 200);
  await Promise.all([letsGo(mobile, second[0]), letsGo(tablet, second[1])]);
  checkStatus(report, 'the caller', await given.final, 487);

  const startMs = performance.now();
  const unheard = call();
  const rang = await ringing(desk);
  const late = await Promise.all([ringing(mobile, 20_000), ringing(tablet, 20_000)]);
  const waitedMs = performance.now() - startMs;
  report.check('nobody answers: the next group has to wait', waitedMs >= ringS * 1000 - 50, `${waitedMs} ms`);
  report.atMost('nextGroupLateMs', Math.round(waitedMs - ringS * 1000), 2_000);
  await letsGo(desk, rang);
  late[0].reject(486, 'Busy Here');
  late[1].reject(486, 'Busy Here');
  checkStatus(report, 'and says what is heard in the end', await unheard.final, 486);
};

const checkDisposition = async ({ report, devices, call }: Family): Promise<void> => {
  const [desk, mobile, tablet] = devices as [Phone, Phone, Phone];
  const before = [mobile, tablet].map((phone) => phone.received.length);
  const alone = call(['Request-Disposition', 'no-fork']);
  (await ringing(desk)).reject(486, 'Busy Here');
  checkStatus(report, 'no-fork: one is asked', await alone.final, 486);
  await checkQuiet(report, 'no-fork: and nobody else', mobile, before[0]!);

  const together = call(['Request-Disposition', 'parallel']);
  const all = await Promise.all([ringing(desk), ringing(mobile), ringing(tablet)]);
  all[2].reject(600, 'Busy Everywhere');
  await Promise.all([letsGo(desk, all[0]), letsGo(mobile, all[1])]);
  checkStatus(report, 'parallel: all at once', await together.final, 600);

  const oneByOne = call(['Request-Disposition', 'sequential']);
  (await ringing(desk)).reject(486, 'Busy Here');
  // Which of the two of one q is first is nobody's business.
  const others = [ringing(mobile), ringing(tablet)];
  const next = await Promise.race(others);
  next.reject(486, 'Busy Here');
  const last = (await Promise.all(others)).find((one) => one !== next);
  last?.reject(480, 'Temporarily Unavailable');
  checkStatus(report, 'sequential: one after the other', await oneByOne.final, 480);
};

const checkPreferences = async ({ report, devices, call }: Family): Promise<void> => {
  const [desk, mobile] = devices as [Phone, Phone];
  const isAlone = async (what: string, header: Header, rung: Phone, other: Phone): Promise<void> => {
    const before = other.received.length;
    const asked = call(header);
    (await ringing(rung)).reject(486, 'Busy Here');
    checkStatus(report, `${what}: one is asked`, await asked.final, 486);
    await checkQuiet(report, `${what}: the other is not`, other, before);
  };
  await isAlone('require', ['Accept-Contact', '*;mobility="mobile";require'], mobile, desk);
  await isAlone('explicit and require', ['a', '*;video;explicit;require'], mobile, desk);
  await isAlone('rejected', ['Reject-Contact', '*;mobility="mobile"'], desk, mobile);
  const nobody = call(['Accept-Contact', '*;automata;explicit;require']);
  checkStatus(report, 'nobody is what the caller wants', await nobody.final, 480);
};

export const checkForkedCalls = async (report: Report, product: Product, ringS: number): Promise<void> => {
  report.note('forking by q, and what callers prefer');
  await withFamily(report, product, ['', ';q=0.5', ';q=0.5'], (family) => checkByQ(family, ringS));
  await withFamily(report, product, ['', ';q=0.5', ';q=0.5'], checkDisposition);
  const features = [';audio;mobility="fixed"', ';audio;video;mobility="mobile"'];
  await withFamily(report, product, features, checkPreferences);
};
