// The lists "Check also" of docs/clearwater/sip.md §12.1 and §12.2 on the running product, as mended there: by phones of the harness, and the
// one that waits for 41 s by the product's own. Used by line 5.1.
import { randomUUID } from 'node:crypto';
import { Phone as ProductPhone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { firstHeader, statusOf } from '#libs/testkit';
import { sleep } from '../../harness/children.js';
import { contactsOf, createPhone, type Phone } from '../../harness/phone.js';
import { expectCall, type IncomingCall, invite } from '../../harness/phone-call.js';
import { DOMAIN, type Product } from '../../harness/product.js';
import { buildMessage, newId } from '../../harness/sip-text.js';
import { PASSWORD } from '../../harness/users.js';
import { checkCallBetween, checkStatus, newPhone, newUser, registeredPhone, statusLine } from '../checks.js';
import type { Report } from '../line.js';

/** Longer than a challenge is good for. */
const STALE_MS = 41_000;
const QUIET_MS = 300;

/** A phone that rings lets go, as phones do. */
export const letsGo = async (phone: Phone, call: IncomingCall): Promise<void> => {
  phone.reply(await phone.take('CANCEL'), 200, 'OK');
  call.reject(487, 'Request Terminated');
};

/** Nothing has come to ring it, nor does for a moment. */
export const checkQuiet = async (
  report: Report,
  what: string,
  phone: Phone,
  before: number,
): Promise<void> => {
  await sleep(QUIET_MS);
  const invites = phone.received.slice(before).filter((request) => request.startsWith('INVITE '));
  report.check(what, invites.length === 0, invites.map(statusLine).join());
};

const checkRegistering = async (report: Report, product: Product): Promise<void> => {
  const user = await newUser(product, 'asks');
  const phone = await newPhone(product, user, 'tcp');
  const wrong = await newPhone(product, user, 'tcp', { password: 'wrong' });
  const trusted = await createPhone({
    user,
    domain: DOMAIN,
    password: PASSWORD,
    transport: 'tcp',
    host: '127.0.0.1',
    port: product.ports.BONO_TRUSTED_PORT,
  });
  try {
    checkStatus(report, '§12.1: a wrong response', await wrong.register(), 403);
    const granted = await phone.register({ expires: 3_600 });
    checkStatus(report, '§12.1: a phone that asks for 3,600 s', granted, 200);
    const [contact = ''] = contactsOf(granted);
    report.check('§12.1: gets 300', contact.includes('expires=300'), contact);
    checkStatus(
      report,
      '§12.1: Contact * with Expires 60',
      await phone.register({ contact: '*', expires: 60 }),
      400,
    );
    checkStatus(report, '§12.1: a REGISTER at the trusted port', await trusted.register(), 405);
  } finally {
    for (const each of [phone, wrong, trusted]) each.close();
  }
};

/** An unanswered challenge is stale after 40 s; an answered one lives with the registration. */
const checkChallenges = async (report: Report, product: Product): Promise<void> => {
  const made = async (name: string): Promise<ProductPhone> => {
    const user = await newUser(product, name);
    const server = { address: '127.0.0.1', port: product.ports.BONO_PORT };
    const account = { user: user.name, domain: DOMAIN, password: PASSWORD, server };
    return ProductPhone.start({ ...account, transport: 'udp', address: '127.0.0.1', clock, random });
  };
  const [late, early] = [await made('late'), await made('early')];
  const said = async (phone: ProductPhone, proof: 'none' | 'reuse' | 'usual'): Promise<string> => {
    const answer = await phone.register({ proof });
    return answer === 'timeout'
      ? 'timeout'
      : `${answer.status} ${/stale=true/i.test(answer.raw) ? 'stale' : ''}`.trim();
  };
  try {
    report.check('a phone is challenged', (await said(late, 'none')) === '401');
    report.check('another one answers', (await said(early, 'usual')) === '200');
    await sleep(STALE_MS);
    const [answeredLate, again] = [await said(late, 'reuse'), await said(early, 'reuse')];
    report.check('§12.1: a nonce after 41 s is stale', answeredLate === '401 stale', answeredLate);
    report.check('one that was answered lives with the registration', again === '200', again);
  } finally {
    await Promise.all([late, early].map((phone) => phone.close()));
  }
};

const lastHopInvite = (phone: Phone, target: string): string =>
  buildMessage(`OPTIONS ${target} SIP/2.0`, [
    phone.via(),
    ['Max-Forwards', '1'],
    ['From', `<${phone.user.impu}>;tag=${newId(4)}`],
    ['To', `<${target}>`],
    ['Call-ID', `${newId()}@phone`],
    ['CSeq', '1 OPTIONS'],
  ]);

const checkIdentities = async (report: Report, product: Product): Promise<void> => {
  const caller = await registeredPhone(report, product, 'caller', 'tcp');
  const callee = await registeredPhone(report, product, 'callee', 'tcp');
  const stranger = await newPhone(product, await newUser(product, 'stranger'), 'tcp');
  const absent = await newUser(product, 'absent');
  try {
    checkStatus(report, '§12.2: who is not registered', await invite(caller, absent.impu).final, 480);
    checkStatus(
      report,
      '§12.2: from a flow that nobody registered on',
      await invite(stranger, callee.user.impu).final,
      403,
    );
    checkStatus(
      report,
      '§12.2: Max-Forwards 1',
      await caller.request(lastHopInvite(caller, callee.user.impu)),
      483,
    );
    const foreign = invite(caller, callee.user.impu, {
      headers: [
        ['P-Preferred-Identity', `<${absent.impu}>`],
        ['P-Asserted-Identity', `<${absent.impu}>`],
      ],
    });
    const arrived = await expectCall(callee);
    const asserted = firstHeader(arrived.invite, 'P-Asserted-Identity') ?? '';
    report.check(
      '§12.2: a foreign identity gives the flow’s default',
      asserted === `<${caller.user.impu}>`,
      asserted,
    );
    arrived.reject(486, 'Busy Here');
    checkStatus(report, 'and the call goes its way', await foreign.final, 486);
    await checkCallBetween(report, caller, callee, 'a call of these two');
    callee.close();
    await sleep(QUIET_MS);
    checkStatus(
      report,
      '§12.2: to a flow that is gone, 430 within',
      await invite(caller, callee.user.impu).final,
      480,
    );
  } finally {
    for (const phone of [caller, callee, stranger]) phone.close();
  }
};

const checkTwoDevices = async (report: Report, product: Product): Promise<void> => {
  const user = await newUser(product, 'family');
  const caller = await registeredPhone(report, product, 'caller', 'tcp');
  const [kitchen, study] = [
    await newPhone(product, user, 'tcp', { instance: randomUUID() }),
    await newPhone(product, user, 'tcp', { instance: randomUUID() }),
  ];
  try {
    for (const phone of [kitchen, study])
      checkStatus(report, 'a device registers', await phone.register(), 200);
    const call = invite(caller, user.impu);
    const [first, second] = await Promise.all([expectCall(kitchen), expectCall(study)]);
    first.ring();
    second.ring();
    await call.response(180);
    const answered = first.answer();
    await letsGo(study, second);
    await answered;
    checkStatus(report, '§12.2: two ring, one answers, the other is cancelled', await call.final, 200);
    const ended = call.bye();
    kitchen.reply(await kitchen.take('BYE'), 200, 'OK');
    report.check('the call ends', statusOf(await ended) === 200);

    const declined = invite(caller, user.impu);
    const [third, fourth] = await Promise.all([expectCall(kitchen), expectCall(study)]);
    third.ring();
    fourth.ring();
    await declined.response(180);
    third.reject(600, 'Busy Everywhere');
    await letsGo(study, fourth);
    checkStatus(report, '§12.2: one says 600, both stop', await declined.final, 600);
  } finally {
    for (const phone of [caller, kitchen, study]) phone.close();
  }
};

export const checkAlso = async (report: Report, product: Product): Promise<void> => {
  report.note('the lists "Check also"');
  await checkRegistering(report, product);
  await checkIdentities(report, product);
  await checkTwoDevices(report, product);
  if (!report.quick) await checkChallenges(report, product);
};
