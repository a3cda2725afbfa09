// What is switched on in the page changes the next call: diversion when busy, do not disturb, a hidden number; each looked at by SIP phones.
// Used by accept 7.3 and by the end-to-end test.
import { statusOf } from '#libs/testkit';
import { newPhone, registeredPhone, statusLine } from '../accept/checks.js';
import type { Report } from '../accept/line.js';
import type { Browser, Page } from './browser.js';
import type { Phone } from '../harness/phone.js';
import { until } from '../harness/children.js';
import { expectCall, invite } from '../harness/phone-call.js';
import { DOMAIN, type Product } from '../harness/product.js';
import { sdpOffer } from '../harness/sip-text.js';
import { userOf } from '../harness/users.js';
import { getLine, goTo, linePath, type MadeLine, portalUrl, signUp, type Visitor } from './visit.js';

const BEA: Visitor = { name: 'Bea Baker', email: 'bea@example.test', password: 'battery-staple-2' };
const NUMBER_BUSY = 486;
const REFUSED = 603;
const SHOWN_MS_MAX = 20_000;

const save = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved. It holds for the next call.').waitFor();
};

const phoneOf = async (product: Product, { userName, password }: MadeLine): Promise<Phone> => {
  const phone = await newPhone(product, userOf(userName), 'udp', { password });
  await phone.register();
  return phone;
};

const busy = (phone: Phone): void => {
  phone.onRequest = (request, self) => {
    if (!request.startsWith('INVITE')) return false;
    self.reply(request, NUMBER_BUSY, 'Busy Here');
    return true;
  };
};

const judge = async (
  report: Report,
  page: Page,
  open: () => Promise<void>,
  phones: Record<'caller' | 'first' | 'second', Phone>,
): Promise<void> => {
  const { caller, first, second } = phones;
  busy(first);
  const before = await invite(caller, first.user.impu).final;
  report.check('before, a busy line is busy', statusOf(before) === NUMBER_BUSY, statusLine(before));

  await open();
  await page.getByRole('switch', { name: 'When busy' }).check();
  await page.getByRole('group', { name: 'When busy' }).getByLabel('To').fill(second.user.name);
  await save(page);
  const diverted = invite(caller, first.user.impu);
  const arrived = await expectCall(second);
  report.check('with "when busy" the next call rings where the page says', true);
  arrived.reject(REFUSED, 'Decline');
  await diverted.final;

  await open();
  await page.getByRole('switch', { name: 'When busy' }).uncheck();
  await page.getByRole('switch', { name: 'Do not disturb' }).check();
  await save(page);
  const refused = await invite(caller, first.user.impu).final;
  report.check('with "do not disturb" the next call is refused', statusOf(refused) === REFUSED, statusLine(refused)); // prettier-ignore

  await open();
  await page.getByRole('switch', { name: 'Hide my number' }).check();
  await save(page);
  // What a phone says in its own SDP nobody takes out.
  const hidden = invite(first, caller.user.impu, { body: sdpOffer('-') });
  const seen = await expectCall(caller);
  report.check('with "hide my number" nothing of it is in the next call', !seen.invite.includes(first.user.name), seen.invite); // prettier-ignore
  seen.reject(REFUSED, 'Decline');
  await hidden.final;
};

/** Nor do the pages of who was called say who it was: what they know of a call is the router's, not the phone's. */
const hiddenInPages = async (
  report: Report,
  page: Page,
  openCalls: () => Promise<void>,
  { first, second }: Record<'first' | 'second', Phone>,
): Promise<void> => {
  const hidden = invite(first, second.user.impu, { body: sdpOffer('-') });
  (await expectCall(second)).reject(REFUSED, 'Decline');
  await hidden.final;
  await openCalls();
  const newest = page.locator('.calls a').first();
  await until('the hidden call in the list', SHOWN_MS_MAX, async () =>
    /Withheld/.test(await newest.innerText().catch(() => '')) ? true : undefined,
  );
  const list = await page.locator('.calls').innerText();
  report.check('nor in the list of calls of who was called', !list.includes(first.user.name), list);
  await newest.click();
  const ladder = page.getByRole('region', { name: 'Ladder diagram' });
  await ladder.waitFor();
  const text = (await page.locator('main').textContent()) ?? '';
  report.check('nor in its ladder', text.includes('INVITE') && !text.includes(first.user.name), text);
};

export const servicesInPage = async (report: Report, browser: Browser, product: Product): Promise<void> => {
  const url = portalUrl(product);
  const page = await (await browser.newContext()).newPage();
  await signUp(page, url, BEA);
  const lines: MadeLine[] = [];
  for (let i = 0; i < 2; i++) {
    lines.push(await getLine(page));
    await page.getByRole('button', { name: 'I have it' }).click();
  }
  const caller = await registeredPhone(report, product, 'caller');
  const first = await phoneOf(product, lines[0]!);
  const second = await phoneOf(product, lines[1]!);
  try {
    const open = () => goTo(page, url, linePath(lines[0]!.userName, DOMAIN, 'call-services'), 'Divert calls');
    await judge(report, page, open, { caller, first, second });
    const openCalls = () => goTo(page, url, linePath(lines[1]!.userName, DOMAIN, 'calls'), 'Calls');
    await hiddenInPages(report, page, openCalls, { first, second });
  } finally {
    for (const phone of [caller, first, second]) phone.close();
  }
};
