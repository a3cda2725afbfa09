// 1.6: two phones of one AoR ring together; an INVITE within 1 ms of the 200 OK to a REGISTER finds the binding; an expiry or a 430
// that races a refresh never removes the refreshed binding. 10,000 of each.
import { randomUUID } from 'node:crypto';
import { firstHeader, statusOf } from '#libs/testkit';
import { sleep } from '../../harness/children.js';
import { createFleet, type Fleet, forEachAtOnce, markOf } from '../../harness/fleet.js';
import { contactsOf, type Phone } from '../../harness/phone.js';
import { expectCall, invite } from '../../harness/phone-call.js';
import { type Product, withProduct } from '../../harness/product.js';
import { quantile, round } from '../../measure/report.js';
import { methodOf } from '../../harness/sip-text.js';
import { provision, type User, usersOf } from '../../harness/users.js';
import { checkStatus, newPhone, newUser, registeredPhone, statusLine } from '../checks.js';
import type { Line, Report } from '../line.js';

const GAP_MS_MAX = 1;
const AT_ONCE = 16;

const checkFork = async (report: Report, product: Product): Promise<void> => {
  const user = await newUser(product, 'family');
  const [kitchen, study] = [
    await newPhone(product, user, 'udp', { instance: randomUUID() }),
    await newPhone(product, user, 'tcp', { instance: randomUUID() }),
  ];
  const caller = await registeredPhone(report, product, 'caller');
  try {
    checkStatus(report, 'the kitchen phone registers', await kitchen.register(), 200);
    const both = await study.register();
    report.check('two bindings', contactsOf(both).length === 2, both);
    const call = invite(caller, user.impu);
    const [first, second] = await Promise.all([expectCall(kitchen), expectCall(study)]);
    first.ring();
    second.ring();
    await call.response(180);
    const answered = first.answer();
    const cancel = await study.take('CANCEL');
    study.reply(cancel, 200, 'OK');
    second.reject(487, 'Request Terminated');
    await answered;
    checkStatus(report, 'the caller is connected', await call.final, 200);
    report.check(
      'to the one that answered',
      (firstHeader(await call.final, 'Contact') ?? '').includes(kitchen.contact),
    );
    await study.take('ACK');
    const ended = call.bye();
    kitchen.reply(await kitchen.take('BYE'), 200, 'OK');
    checkStatus(report, 'the call ends', await ended, 200);
  } finally {
    for (const phone of [kitchen, study, caller]) phone.close();
  }
};

type Seen = Map<string, string[]>;

/** Callees that answer 486 at once and note the mark of the Request-URI. */
const noteMarks = (phones: readonly Phone[], seen: Seen): void => {
  for (const phone of phones) {
    phone.onRequest = (request) => {
      if (methodOf(request) === 'INVITE') {
        const marks = seen.get(phone.user.name) ?? [];
        marks.push(markOf(request.split('\r\n', 1)[0] ?? '') ?? 'none');
        seen.set(phone.user.name, marks);
        phone.reply(request, 486, 'Busy Here');
      }
      return true;
    };
  }
};

const checkReadYourWrites = async (report: Report, product: Product, rounds: number): Promise<void> => {
  const udp = { transport: 'udp', host: '127.0.0.1', port: product.ports.BONO_PORT } as const;
  const [callees, callers] = [usersOf('y', AT_ONCE), usersOf('z', AT_ONCE)];
  await provision(product, [...callees, ...callers]);
  const calleeFleet = await createFleet(udp, callees);
  const callerFleet = await createFleet(udp, callers);
  const seen: Seen = new Map();
  noteMarks(calleeFleet.phones, seen);
  const gaps: number[] = [];
  let [counted, missed, wrong] = [0, 0, 0];
  try {
    await Promise.all(callerFleet.phones.map((phone) => phone.register()));
    await forEachAtOnce(calleeFleet.phones, AT_ONCE, async (callee, line) => {
      const caller = callerFleet.phones[line] as Phone;
      for (let n = 1; counted < rounds; n += 1) {
        seen.set(callee.user.name, []);
        const registered = await callee.register({ contact: calleeFleet.contact(callee, n) });
        const startMs = performance.now();
        const call = invite(caller, callee.user.impu);
        const gapMs = performance.now() - startMs;
        const final = await call.final;
        if (gapMs > GAP_MS_MAX || statusOf(registered) !== 200) {
          if (statusOf(registered) !== 200) report.check('REGISTER', false, statusLine(registered));
          continue; // not the race that is asked for
        }
        counted += 1;
        gaps.push(gapMs);
        const marks = seen.get(callee.user.name) ?? [];
        if (statusOf(final) !== 486 || marks.length === 0) missed += 1;
        else if (marks.some((mark) => mark !== String(n))) wrong += 1;
      }
    });
  } finally {
    calleeFleet.close();
    callerFleet.close();
  }
  report.figure('inviteAfterRegister', { rounds: counted, gapP99Ms: round(quantile(gaps, 0.99), 3) });
  report.atLeast('inviteAfterRegisterRounds', counted, rounds);
  report.atMost('invitesThatMissedTheBinding', missed, 0);
  report.atMost('invitesToAnOldBinding', wrong, 0);
};

/** Binds for one second, refreshes as that second ends, asks a while later. */
const raceExpiry = async (fleet: Fleet, phone: Phone, n: number): Promise<'kept' | 'lost' | 'refused'> => {
  await phone.register({ contact: fleet.contact(phone, `${n}a`), expires: 1 });
  // Around the moment of expiry: up to 15 ms before, up to 25 ms after.
  await sleep(985 + Math.random() * 40);
  const refreshed = await phone.register({ contact: fleet.contact(phone, `${n}b`), expires: 300 });
  if (statusOf(refreshed) !== 200) return 'refused';
  await sleep(200);
  const listed = contactsOf(await phone.register({ contact: undefined })).map(markOf);
  return listed.includes(`${n}b`) ? 'kept' : 'lost';
};

const checkExpiryRace = async (report: Report, product: Product, rounds: number): Promise<void> => {
  const users = usersOf('x', Math.min(rounds, 400));
  await provision(product, users);
  const udp = { transport: 'udp', host: '127.0.0.1', port: product.ports.BONO_PORT } as const;
  const fleet = await createFleet(udp, users);
  const outcomes = { kept: 0, lost: 0, refused: 0 };
  let done = 0;
  try {
    await forEachAtOnce(fleet.phones, users.length, async (phone) => {
      // Spread over the second: a client meets the expiry of others too.
      await sleep(Math.random() * 1000);
      for (let n = 0; done < rounds; n += 1) {
        done += 1;
        outcomes[await raceExpiry(fleet, phone, n)] += 1;
      }
    });
    const idle = fleet.phones[0] as Phone;
    await idle.register({ contact: fleet.contact(idle, 'short'), expires: 1 });
    await sleep(1500);
    const left = contactsOf(await idle.register({ contact: undefined })).map(markOf);
    report.check('without a refresh a binding does expire', !left.includes('short'), left.join());
  } finally {
    fleet.close();
  }
  report.figure('expiryRaces', outcomes);
  report.atLeast('expiryRacesKept', outcomes.kept, rounds);
  report.atMost('refreshesLostToExpiry', outcomes.lost, 0);
};

/** A TCP phone whose connection broke registers again while a call finds the dead flow (430). */
const raceFlowFailure = async (
  product: Product,
  user: User,
  caller: Phone,
): Promise<'kept' | 'lost' | 'refused'> => {
  const instance = randomUUID();
  const open = () => newPhone(product, user, 'tcp', { instance, contactParams: ';reg-id=1' });
  const before = await open();
  await before.register();
  before.close();
  const delayMs = Math.random() * 4;
  const call = invite(caller, user.impu);
  const again = await open();
  again.onRequest = (request, phone) => {
    if (methodOf(request) === 'INVITE') phone.reply(request, 486, 'Busy Here');
    return true;
  };
  if (delayMs > 1) await sleep(delayMs);
  try {
    const refreshed = await again.register();
    if (statusOf(refreshed) !== 200) return 'refused';
    await call.final;
    const listed = contactsOf(await again.register({ contact: undefined }));
    return listed.some((contact) => contact.includes(again.contact)) ? 'kept' : 'lost';
  } finally {
    again.close();
  }
};

const checkFlowRace = async (report: Report, product: Product, rounds: number): Promise<void> => {
  const [callees, callers] = [usersOf('f', AT_ONCE), usersOf('g', AT_ONCE)];
  await provision(product, [...callees, ...callers]);
  const udp = { transport: 'udp', host: '127.0.0.1', port: product.ports.BONO_PORT } as const;
  const fleet = await createFleet(udp, callers);
  const outcomes = { kept: 0, lost: 0, refused: 0 };
  let done = 0;
  try {
    await Promise.all(fleet.phones.map((phone) => phone.register()));
    await forEachAtOnce(callees, AT_ONCE, async (user, line) => {
      while (done < rounds) {
        done += 1;
        outcomes[await raceFlowFailure(product, user, fleet.phones[line] as Phone)] += 1;
      }
    });
  } finally {
    fleet.close();
  }
  report.figure('flowRaces', outcomes);
  report.atLeast('flowRacesKept', outcomes.kept, rounds);
  report.atMost('refreshesLostTo430', outcomes.lost, 0);
};

export const line: Line = {
  async run(report) {
    const rounds = report.quick ? 500 : 10_000;
    await withProduct({ env: { REG_MIN_EXPIRES: '1' } }, async (product) => {
      await checkFork(report, product);
      report.note(`${rounds} INVITEs within ${GAP_MS_MAX} ms of the 200 OK`);
      await checkReadYourWrites(report, product, rounds);
      report.note(`${rounds} refreshes against an expiry`);
      await checkExpiryRace(report, product, rounds);
      report.note(`${rounds} refreshes against a 430`);
      await checkFlowRace(report, product, rounds);
      report.check('the product is ready afterwards', (await product.healthz()).status === 200);
    });
  },
};
