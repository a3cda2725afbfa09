// What operators do in the page about what got stuck: a timer's callback that nobody took, told again and thrown away on the running product; and
// parked events, whose answers the browser's driver plays. Used by the end-to-end test, and for what screenshots show.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Report } from '../accept/line.js';
import { until } from '../harness/children.js';
import { API_KEY, type Product } from '../harness/product.js';
import type { Page } from './browser.js';
import { goTo, portalUrl, type Visitor } from './visit.js';

const STUCK_MS_MAX = 20_000;

/** As the key may. */
export const makeOperator = async (product: Product, { email }: Visitor): Promise<void> => {
  const { status } = await fetch(`${portalUrl(product)}/operator/operators/${encodeURIComponent(email)}`, {
    method: 'PUT',
    headers: { 'NGV-API-Key': API_KEY },
  });
  if (status !== 204) throw new Error(`the role of an operator was refused with ${status}`);
};

/** Who is told of timers, and does not take it until asked to. */
const startReceiver = async () => {
  const receiver = { isTaking: false, taken: [] as string[] };
  const server = createServer((request, answer) => {
    if (receiver.isTaking) receiver.taken.push(request.url ?? '');
    answer.statusCode = receiver.isTaking ? 200 : 500;
    request.resume().on('end', () => answer.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, { url: `http://127.0.0.1:${port}`, close: () => server.close() });
};

const setTimer = async ({ ports }: Product, uri: string): Promise<void> => {
  const { status } = await fetch(`http://127.0.0.1:${ports.CHRONOS_PORT}/timers`, {
    method: 'POST',
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ timing: { interval: 1 }, callback: { http: { uri, opaque: 'o' } } }),
  });
  if (status !== 200) throw new Error(`a timer was refused with ${status}`);
};

/** The product gives a callback up at once: CHRONOS_CALLBACK_TRIES=1. */
export const deadLettersInPage = async (report: Report, page: Page, product: Product): Promise<void> => {
  const receiver = await startReceiver();
  try {
    for (const name of ['first', 'second']) await setTimer(product, `${receiver.url}/${name}`);
    await goTo(page, portalUrl(product), '/admin/dead-letters', 'A timer that pops');
    const rows = page.locator('.stuck > li');
    await until('both callbacks to be given up', STUCK_MS_MAX, async () => {
      if ((await rows.count()) === 2) return true;
      await page.reload();
      await page.getByText(/Look again|There are no dead letters/).waitFor();
      return undefined;
    });
    const first = rows.filter({ hasText: `${receiver.url}/first` });
    await first.getByRole('button', { name: /^Tell it again/ }).click();
    await first.getByRole('alert').waitFor();
    report.check('what is not taken again stays, and says why', (await rows.count()) === 2);
    receiver.isTaking = true;
    await first.getByRole('button', { name: /^Tell it again/ }).click();
    await first.waitFor({ state: 'detached' });
    report.check('what is taken is gone', receiver.taken.join() === '/first', receiver.taken.join());
    await rows.getByRole('button', { name: /^Throw away/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Throw away' }).click();
    await page.getByText('All of them are done').waitFor();
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('There are no dead letters').waitFor();
    report.check('what is thrown away nobody is told', receiver.taken.length === 1);
  } finally {
    receiver.close();
  }
};

const PARKED = ['bob@example.test', 'carol@example.test', 'dave@example.test'].map((name, i) => ({
  id: `parked${i}`,
  view: 'lines-by-account',
  stream: `account-${name}`,
  reason: 'AccountRoleChanged of version 3 is not known to this version',
  since: Date.UTC(2026, 0, 1, 8, i),
  events: i + 1,
}));
const DEAD = ['voicemail', 'billing'].map((name, i) => ({
  id: `dead${i}`,
  timer: `000000010000000${i}`,
  sequence: 1,
  uri: `http://${name}.ims.test:8080/timers/pop`,
  reason: i === 0 ? 'status 500' : 'no connection',
  tries: 8,
  at: Date.UTC(2026, 0, 1, 9, i),
}));

/** Plays lists with something in them, which a product that works does not have. */
export const playStuck = async (page: Page): Promise<void> => {
  await page.route('**/operator/parked', (route) => route.fulfill({ json: { parked: PARKED, more: false } }));
  await page.route('**/operator/dead-letters', (route) => route.fulfill({ json: { dead_letters: DEAD, more: false } })); // prettier-ignore
};

export const parkedInPage = async (report: Report, page: Page, url: string): Promise<void> => {
  await playStuck(page);
  const left: Record<string, () => { status: number; json: object }> = {
    parked0: () => ({ status: 200, json: { left: 1 } }),
    parked1: () => ({ status: 404, json: { error: true, status: 404, message: 'Not Found', reason: 'nothing is parked' } }),
    parked2: () => ({ status: 200, json: { left: 0 } }),
  };
  await page.route('**/operator/parked/*/retry', (route) => {
    const [, id = ''] = /parked\/([^/]+)\/retry$/.exec(route.request().url()) ?? [];
    return route.fulfill(left[id]!());
  });
  await goTo(page, url, '/admin/parked', 'An event that a view cannot fold');
  const rows = page.locator('.stuck > li');
  // The page says what it is about before the list has come.
  await rows.nth(PARKED.length - 1).waitFor();
  report.check('each parked stream is a row', (await rows.count()) === PARKED.length);
  await page.getByRole('button', { name: 'Try all again' }).click();
  await page.getByText('2 of 3 are done').waitFor();
  report.check('what is folded, or was by another, is gone', (await rows.count()) === 1);
  report.check('what is not says so', await rows.getByText('one event is parked still').isVisible());
  left['parked0'] = () => ({ status: 503, json: { error: true, status: 503, message: 'Service Unavailable', reason: 'the projector is away' } });
  await rows.getByRole('button', { name: /^Try again/ }).click();
  await page.getByText('The projector is away').waitFor();
  report.check('where nobody answers it stays', (await rows.count()) === 1);
}; // prettier-ignore
