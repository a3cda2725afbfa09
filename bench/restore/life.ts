// What happens in a deployment before the moment that is gone back to, and after it: what was there then has to be there again, and nothing of what came after.
// Used by accept 8.4.
import { statusOf } from '#libs/testkit';
import { API_KEY, DOMAIN, type Product, urlOf } from '../harness/product.js';
import { createPhone, type Phone } from '../harness/phone.js';
import { askProvisioning, provisionUser, type User, userOf } from '../harness/users.js';
import { putSimservs } from '../harness/documents.js';
import { checkCallBetween } from '../accept/checks.js';
import {
  accountPath,
  askEllis,
  makeAccount,
  newNumber,
  PASSWORD as ACCOUNT_PASSWORD,
  signIn,
} from '../accept/chapter-7/ellis-client.js';
import type { Report } from '../accept/line.js';

const EXPIRES_S = 7_200;
const HOUR_S = 3_600;

export const [ALICE, BOB, CAROL, DAVE, ERIN, FRANK, GRETA] = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'greta'].map((name) => userOf(name)) as [User, User, User, User, User, User, User]; // prettier-ignore
/** In force at the moment; `changed` is what became of some of them afterwards. */
export const PASSWORDS = {
  alice: 'one',
  bob: 'bobs',
  dave: 'daves',
  erin: 'erins',
  frank: 'second',
} as const;
export const AFTER = { alice: 'three', frank: 'third', carol: 'carols' } as const;
export const ACCOUNTS = {
  kept: 'kept@example.com',
  deleted: 'deleted@example.com',
  late: 'late@example.com',
} as const;
export const ACCOUNT_PASSWORDS = { then: ACCOUNT_PASSWORD, after: 'another horse battery' } as const;

export type TimersSet = Readonly<{ kept: string; cancelledAfter: string; poppedAfter: string }>;

export const phoneOf = (product: Product, user: User, password: string): Promise<Phone> =>
  createPhone({
    transport: 'udp',
    host: '127.0.0.1',
    port: product.ports.BONO_PORT,
    user,
    domain: DOMAIN,
    password,
  });

/** The final answer to a registration with this password. */
export const registerWith = async (product: Product, user: User, password: string): Promise<number> => {
  const phone = await phoneOf(product, user, password);
  try {
    return statusOf(await phone.register({ expires: EXPIRES_S })) ?? 0;
  } finally {
    phone.close();
  }
};

const setPassword = async (product: Product, { impi }: User, password: string): Promise<void> => {
  const body = JSON.stringify({ plaintext_password: password });
  const { status, body: text } = await askProvisioning(
    product,
    'PUT',
    `/private/${encodeURIComponent(impi)}`,
    body,
  );
  if (status !== 200) throw new Error(`the password of ${impi}: ${status} ${text}`);
};

/** The private identity and the set: nothing of the subscriber is left. */
const removeUser = async (product: Product, { impi }: User, irs: string): Promise<void> => {
  for (const path of [`/private/${encodeURIComponent(impi)}`, irs]) {
    const { status, body } = await askProvisioning(product, 'DELETE', path);
    if (status >= 300) throw new Error(`DELETE ${path}: ${status} ${body}`);
  }
};

const chronosAsk = (product: Product, method: string, path: string, body?: object): Promise<Response> =>
  fetch(`http://127.0.0.1:${product.ports.CHRONOS_PORT}${path}`, {
    method,
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** Its path. */
const setTimer = async (product: Product, intervalS: number, uri: string): Promise<string> => {
  const timer = { timing: { interval: intervalS }, callback: { http: { uri, opaque: uri } } };
  const answer = await chronosAsk(product, 'POST', '/timers', timer);
  if (answer.status !== 200) throw new Error(`a timer: ${answer.status} ${await answer.text()}`);
  return answer.headers.get('location') ?? '';
};

const cancelTimer = async (product: Product, path: string): Promise<void> => {
  const { status } = await chronosAsk(product, 'DELETE', path);
  if (status !== 200) throw new Error(`DELETE ${path}: ${status}`);
};

export type ShownTimer = Readonly<{ id: string; dueMs: number; sequence: number; uri: string }>;

/** Those that wait, by their ids. */
export const timersOf = async (product: Product): Promise<readonly ShownTimer[]> => {
  const timers = (await (await chronosAsk(product, 'GET', '/timers?limit=1000')).json()) as readonly ShownTimer[];
  return timers.map(({ id, dueMs, sequence, uri }) => ({ id, dueMs, sequence, uri })).sort((a, b) => (a.id < b.id ? -1 : 1));
}; // prettier-ignore

const mustRegister = async (phone: Phone): Promise<void> => {
  const answer = await phone.register({ expires: EXPIRES_S });
  if (statusOf(answer) !== 200)
    throw new Error(`${phone.user.name} is not registered: ${answer.split('\r\n', 1)[0]}`);
};

export const callOnce = async (report: Report, product: Product, passwords: readonly [string, string], what: string): Promise<void> => {
  const [caller, callee] = [await phoneOf(product, ALICE, passwords[0]), await phoneOf(product, DAVE, passwords[1])];
  try {
    await Promise.all([caller, callee].map(mustRegister));
    await checkCallBetween(report, caller, callee, what);
  } finally {
    caller.close();
    callee.close();
  }
}; // prettier-ignore

export type Before = Readonly<{
  sets: Readonly<Record<'bob' | 'greta', string>>;
  timers: TimersSet;
  cookie: string;
}>;

/** Subscribers, registrations, a call, documents, accounts, timers: each also with something that was changed or ended before the moment. */
export const liveBefore = async (report: Report, product: Product, callbackUrl: string, popAfterS: number): Promise<Before> => {
  const sets = new Map<User, string>();
  const all = [[ALICE, PASSWORDS.alice], [BOB, PASSWORDS.bob], [DAVE, PASSWORDS.dave], [ERIN, PASSWORDS.erin], [FRANK, 'first'], [GRETA, 'gretas']] as const;
  for (const [user, password] of all) sets.set(user, (await provisionUser(product, user, { password })).irs);
  for (const [user, password] of all) report.check(`${user.name} registers`, (await registerWith(product, user, password)) === 200);
  await setPassword(product, FRANK, PASSWORDS.frank);
  await removeUser(product, GRETA, sets.get(GRETA)!);
  await callOnce(report, product, [PASSWORDS.alice, PASSWORDS.dave], 'before the moment');
  await putSimservs(product, ALICE.impu, '<originating-identity-presentation active="true"/>');
  const ellis = urlOf(product, 'ELLIS_PORT');
  await makeAccount(ellis, ACCOUNTS.kept);
  await makeAccount(ellis, ACCOUNTS.deleted);
  const cookie = await signIn(ellis, ACCOUNTS.kept);
  await newNumber(ellis, ACCOUNTS.kept, cookie);
  const cancelled = await setTimer(product, HOUR_S, `${callbackUrl}/cancelled-before`);
  await cancelTimer(product, cancelled);
  const timers = {
    kept: await setTimer(product, 2 * HOUR_S, `${callbackUrl}/kept`),
    cancelledAfter: await setTimer(product, HOUR_S, `${callbackUrl}/cancelled-after`),
    poppedAfter: await setTimer(product, popAfterS, `${callbackUrl}/popped-after`),
  };
  return { sets: { bob: sets.get(BOB)!, greta: sets.get(GRETA)! }, timers, cookie };
}; // prettier-ignore

/** What must not be there when the moment is gone back to. */
export const liveAfter = async (report: Report, product: Product, before: Before, callbackUrl: string): Promise<void> => {
  for (const password of ['two', AFTER.alice]) await setPassword(product, ALICE, password);
  await setPassword(product, FRANK, AFTER.frank);
  await removeUser(product, BOB, before.sets.bob);
  await provisionUser(product, CAROL, { password: AFTER.carol });
  report.check('after it, alice registers with her new password', (await registerWith(product, ALICE, AFTER.alice)) === 200);
  report.check('after it, her former one is refused', (await registerWith(product, ALICE, PASSWORDS.alice)) !== 200);
  report.check('after it, bob is refused', (await registerWith(product, BOB, PASSWORDS.bob)) !== 200);
  report.check('after it, carol registers', (await registerWith(product, CAROL, AFTER.carol)) === 200);
  const erin = await phoneOf(product, ERIN, PASSWORDS.erin);
  await erin.register({ contact: '*', expires: 0 });
  erin.close();
  await callOnce(report, product, [AFTER.alice, PASSWORDS.dave], 'after the moment');
  await putSimservs(product, ALICE.impu, '<originating-identity-presentation active="false"/>');
  const ellis = urlOf(product, 'ELLIS_PORT');
  const change = { password: ACCOUNT_PASSWORDS.after, current_password: ACCOUNT_PASSWORDS.then };
  const changed = await askEllis(ellis, 'POST', accountPath(ACCOUNTS.kept, 'password'), { as: before.cookie, body: change });
  report.check('after it, an account has another password', changed.status < 300, `${changed.status} ${changed.text}`);
  const deleted = await askEllis(ellis, 'DELETE', accountPath(ACCOUNTS.deleted), { as: 'key' });
  report.check('after it, an account is deleted', deleted.status < 300, `${deleted.status} ${deleted.text}`);
  await makeAccount(ellis, ACCOUNTS.late);
  await newNumber(ellis, ACCOUNTS.late, await signIn(ellis, ACCOUNTS.late));
  await cancelTimer(product, before.timers.cancelledAfter);
  await setTimer(product, HOUR_S, `${callbackUrl}/set-after`);
}; // prettier-ignore
