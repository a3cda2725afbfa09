// What a visitor does in the portal, as a browser does it: by labels and roles, as who sees and who listens finds them.
// Used by the end-to-end test, the screenshots and accept 7.*.
import type { Page } from './browser.js';
import { type Product, SIGNUP_CODE } from '../harness/product.js';

export type Visitor = Readonly<{ name: string; email: string; password: string }>;
export type MadeLine = Readonly<{ userName: string; password: string }>;

export { SIGNUP_CODE };
/** What the product needs so that a visitor can sign up. */
export const PORTAL_ENV = { SIGNUP_CODE } as const;
export const ANN: Visitor = { name: 'Ann Archer', email: 'ann@example.test', password: 'correct-horse-1' };

const STEP_MS_MAX = 20_000;

export const portalUrl = (product: Pick<Product, 'ports'>): string =>
  `http://127.0.0.1:${product.ports.ELLIS_PORT}`;

/** Ends at the page of lines. */
export const signUp = async (page: Page, url: string, { name, email, password }: Visitor, code = SIGNUP_CODE): Promise<void> => {
  page.setDefaultTimeout(STEP_MS_MAX);
  await page.goto(`${url}/sign-up`);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Sign-up code').fill(code);
  await page.getByRole('button', { name: 'Make account' }).click();
  await page.getByRole('heading', { name: 'Your lines' }).waitFor();
}; // prettier-ignore

export const signIn = async (page: Page, url: string, { email, password }: Visitor): Promise<void> => {
  page.setDefaultTimeout(STEP_MS_MAX);
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Your lines' }).waitFor();
};

/** From the page of lines; ends in the dialog that shows the credentials. */
export const getLine = async (page: Page): Promise<MadeLine> => {
  await page.getByRole('button', { name: /^Get a/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('shown this once').waitFor();
  const told = async (name: string): Promise<string> =>
    (await dialog.locator('.copy-row', { hasText: name }).first().locator('code').innerText()).trim();
  return { userName: await told('User name'), password: await told('Password') };
};

/** From the dialog; ends when the page's phone is registered. */
export const useInPage = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Use it in this page' }).click();
  await page.getByText('Ready: calls come in here').waitFor();
};

export const goTo = async (page: Page, url: string, path: string, shows: string): Promise<void> => {
  await page.goto(`${url}${path}`);
  await page.getByText(shows).first().waitFor();
};

/** How many packets of sound the call's page counts. */
export const soundOf = async (page: Page): Promise<Readonly<{ sent: number; received: number }>> => {
  const count = async (name: string): Promise<number> => Number(await page.getByLabel(name, { exact: true }).innerText());
  return { sent: await count('Packets sent'), received: await count('Packets received') };
}; // prettier-ignore

export const linePath = (userName: string, domain: string, tab = ''): string =>
  `/lines/${encodeURIComponent(`sip:${userName}@${domain}`)}${tab === '' ? '' : `/${tab}`}`;
