// Every page of the portal on a running product, in a state worth looking at, one after the other. Who goes along (screenshots, axe) is
// called at each stop. Used by screenshots.ts and accept 7.5.
import { sleep } from '../harness/children.js';
import { type Browser, type Page, type PageFaults, watchFaults } from './browser.js';
import { DOMAIN, type Product } from '../harness/product.js';
import { LONG_CALL } from './long-call.js';
import { makeOperator, playStuck } from './stuck-in-page.js';
import { ANN, getLine, goTo, linePath, type MadeLine, portalUrl, signUp, useInPage } from './visit.js';

export type Stop = (name: string, page: Page) => Promise<void>;

/** For a plot to have something to show. */
const FIGURES_MS = 6_000;

const entryPages = async (page: Page, url: string, stop: Stop): Promise<void> => {
  await goTo(page, url, '/', 'Sign in');
  await stop('sign-in', page);
  await goTo(page, url, '/forgot', 'Send me a link');
  await stop('forgotten-password', page);
  await goTo(page, url, `/reset-password?email=${encodeURIComponent(ANN.email)}&token=abc`, 'New password');
  await stop('new-password', page);
  await goTo(page, url, '/sign-up', 'Make an account');
  await page.getByLabel('Your name').fill(ANN.name);
  await page.getByLabel('E-mail address').fill(ANN.email);
  await page.getByLabel('Password', { exact: true }).fill(ANN.password);
  await page.getByLabel('Sign-up code').fill('not this one');
  await page.getByRole('button', { name: 'Make account' }).click();
  await page.getByRole('alert').waitFor();
  await stop('sign-up', page);
};

/** Two lines, registered in two tabs, and a call between them. */
const phonePages = async (page: Page, url: string, stop: Stop): Promise<readonly MadeLine[]> => {
  await stop('lines-none', page);
  const first = await getLine(page);
  await stop('credentials', page);
  await useInPage(page);
  await stop('phone', page);
  const other = await page.context().newPage();
  await goTo(other, url, '/lines', 'Your lines');
  const second = await getLine(other);
  await useInPage(other);
  await other.getByRole('textbox', { name: 'Call' }).fill(first.userName);
  await other.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByText('Calls you').waitFor();
  await page.getByRole('button', { name: 'Answer' }).click();
  await page.getByLabel('Packets sent', { exact: true }).waitFor();
  await stop('phone-call', page);
  await page.getByRole('button', { name: 'Hang up' }).click();
  await other.getByText('The call has ended').waitFor();
  await other.close();
  return [first, second];
};

/** Sets what the page of services shows, and saves it. */
export const setServices = async (page: Page, number: string): Promise<void> => {
  await page.getByRole('switch', { name: 'When busy' }).check();
  await page.getByRole('group', { name: 'When busy' }).getByLabel('To').fill(number);
  await page.getByRole('switch', { name: 'When nobody answers' }).check();
  await page.getByRole('group', { name: 'When nobody answers' }).getByLabel('To').fill('mailbox');
  await page.getByRole('switch', { name: 'Hide my number' }).check();
  const blocked = page.getByLabel('Add to: blocked callers');
  await blocked.fill('+1 650 555 0199');
  await blocked.press('Enter');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved. It holds for the next call.').waitFor();
};

const linePages = async (page: Page, url: string, [first, second]: readonly MadeLine[], stop: Stop): Promise<void> => {
  const path = (tab = ''): string => linePath(first!.userName, DOMAIN, tab);
  await goTo(page, url, path('call-services'), 'Divert calls');
  await setServices(page, second!.userName);
  await goTo(page, url, path('call-services'), 'Divert calls');
  await stop('call-services', page);
  await goTo(page, url, path(), 'For your phones');
  await page.getByRole('switch', { name: 'Listed for everybody here' }).check();
  await stop('line', page);
  await goTo(page, url, '/lines', 'Your lines');
  await page.getByRole('link', { name: 'Devices' }).first().waitFor();
  await stop('lines', page);
  await goTo(page, url, path('devices'), 'Devices');
  await page.getByText('Live', { exact: true }).waitFor();
  await stop('devices', page);
  await goTo(page, url, path('calls'), 'Calls');
  await page.locator('.calls a').first().waitFor();
  await stop('calls', page);
  await page.locator('.calls a').first().click();
  await page.getByRole('region', { name: 'Ladder diagram' }).waitFor();
  await stop('call', page);
  await goTo(page, url, '/contacts', ANN.name);
  await stop('contacts', page);
  await goTo(page, url, '/account', 'Change password');
  await stop('account', page);
}; // prettier-ignore

const operatorPages = async (page: Page, product: Product, userName: string, stop: Stop): Promise<void> => {
  const url = portalUrl(product);
  await makeOperator(product, ANN);
  await goTo(page, url, '/admin', 'Calls/s');
  await page.locator('.plot canvas').first().waitFor();
  await sleep(FIGURES_MS);
  await stop('operations', page);
  await goTo(page, url, '/admin/subscribers', userName);
  await stop('subscribers', page);
  await goTo(
    page,
    url,
    `/admin/subscribers/${encodeURIComponent(`sip:${userName}@${DOMAIN}`)}`,
    'Filter criteria',
  );
  await page.getByRole('button', { name: 'What would it have caught?' }).click();
  await page.getByText(/would have caught|no calls yet/).waitFor();
  await stop('subscriber', page);
  await playStuck(page);
  await goTo(page, url, '/admin/parked', 'Try all again');
  await stop('parked-events', page);
  await goTo(page, url, '/admin/dead-letters', 'Tell all again');
  await stop('dead-letters', page);
  await goTo(page, url, '/admin/operators', 'Make an operator');
  await stop('operators', page);
  await page.route('**/operator/calls/long', (route) => route.fulfill({ json: LONG_CALL }));
  await goTo(page, url, '/admin/calls/long', 'Step by step');
  await stop('call-of-many', page);
};

/** All pages; what went wrong in them comes back. */
export const tour = async (browser: Browser, product: Product, stop: Stop): Promise<PageFaults> => {
  const context = await browser.newContext({ permissions: ['microphone', 'clipboard-write'] });
  const faults = watchFaults(context);
  const page = await context.newPage();
  const url = portalUrl(product);
  await entryPages(page, url, stop);
  await signUp(page, url, ANN);
  const lines = await phonePages(page, url, stop);
  await linePages(page, url, lines, stop);
  await operatorPages(page, product, lines[0]?.userName ?? '', stop);
  await context.close();
  return faults;
};
