// The portal in a real browser: from the first page to the ladder of a call between two tabs, that what is set in the page is what the router
// does with the next call, what operators do about what got stuck, and what the pages do when something goes wrong. A machine without Chromium
// fails here: .ci/run installs it.
import { type Page, withBrowser } from '../portal/browser.js';
import { API_KEY, type Product } from '../harness/product.js';
import { statusOf } from '#libs/testkit';
import { newPhone, registeredPhone } from '../accept/checks.js';
import { invite } from '../harness/phone-call.js';
import { userOf } from '../harness/users.js';
import { journey } from '../portal/journey.js';
import { servicesInPage } from '../portal/services-in-page.js';
import { deadLettersInPage, makeOperator, parkedInPage } from '../portal/stuck-in-page.js';
import { TROUBLES } from '../portal/troubles.js';
import { type MadeLine, PORTAL_ENV, portalUrl, signIn, SIGNUP_CODE, type Visitor } from '../portal/visit.js';
import { startProduct, throwing } from './running.js';

const CARL: Visitor = { name: 'Carl Carter', email: 'carl@example.test', password: 'horse-staple-3' };

let product: Product;
let url: string;
beforeAll(async () => {
  product = await startProduct({ env: { ...PORTAL_ENV, CHRONOS_CALLBACK_TRIES: '1' } });
  url = portalUrl(product);
});
afterAll(() => product.dispose());

const post = async (path: string, body: object): Promise<Record<string, string>> => {
  const headers = { 'NGV-API-Key': API_KEY, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, string>;
};

/** A page of his own. */
const asCarl = (use: (page: Page) => Promise<void>): Promise<void> =>
  withBrowser(async (browser) => {
    const page = await (await browser.newContext({ permissions: ['microphone'] })).newPage();
    await signIn(page, url, CARL);
    await use(page);
  });

it('lets a newcomer sign up, get a line, call from a second tab, talk, and see the ladder', async () => {
  await withBrowser((browser) => journey(throwing, browser, { url }));
});

it('does with the next call what was switched on in the page', async () => {
  await withBrowser((browser) => servicesInPage(throwing, browser, product));
});

it('ends what a line’s phones registered when the line is taken away: who is given the number hears them no more', async () => {
  const account = { email: 'dora@example.test', password: 'staple-horse-4' };
  await post('/accounts/', { ...account, full_name: 'Dora', signup_code: SIGNUP_CODE });
  const numbers = `/accounts/${encodeURIComponent(account.email)}/numbers/`;
  const { sip_username: user = '', sip_password: password = '', sip_uri: uri = '' } = await post(numbers, {});
  const caller = await registeredPhone(throwing, product, 'caller-of-dora');
  const former = await newPhone(product, userOf(user), 'udp', { password });
  try {
    await former.register();
    const number = `${numbers}${encodeURIComponent(uri)}/`;
    const gone = await fetch(`${url}${number}`, { method: 'DELETE', headers: { 'NGV-API-Key': API_KEY } });
    expect(gone.status).toBe(200);
    await post(number, {});
    let rang = 0;
    former.onRequest = () => ((rang += 1), false);
    expect([statusOf(await invite(caller, uri).final), rang]).toEqual([480, 0]);
  } finally {
    for (const phone of [caller, former]) phone.close();
  }
});

describe('somebody with a line', () => {
  let line: MadeLine;
  beforeAll(async () => {
    const { name: full_name, email, password } = CARL;
    await post('/accounts/', { email, password, full_name, signup_code: SIGNUP_CODE });
    const made = await post(`/accounts/${encodeURIComponent(email)}/numbers/`, {});
    line = { userName: made['sip_username']!, password: made['sip_password']! };
  });

  it.each(Object.entries(TROUBLES))('is told, and goes on afterwards, when %s', async (_when, trouble) => {
    await asCarl((page) => trouble(throwing, { page, url, visitor: CARL, line }));
  });

  it('tries parked events again, as an operator', async () => {
    await makeOperator(product, CARL);
    await asCarl((page) => parkedInPage(throwing, page, url));
  });

  it('tells callbacks of timers again that nobody took, as an operator', async () => {
    await makeOperator(product, CARL);
    await asCarl((page) => deadLettersInPage(throwing, page, product));
  });
});
