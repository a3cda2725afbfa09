// A newcomer's way through the portal: sign up, get a line, register the page's phone, call from a second tab, talk, hang up, see the call's
// ladder. Used by accept 7.1 and by the end-to-end test.
import type { Report } from '../accept/line.js';
import { sleep, until } from '../harness/children.js';
import { type Browser, type Page, watchFaults } from './browser.js';
import { DOMAIN } from '../harness/product.js';
import { ANN, getLine, goTo, linePath, signUp, SIGNUP_CODE, soundOf, useInPage } from './visit.js';

const STEP_MS_MAX = 20_000;
const TALK_MS = 2_000;
/** At 50 a second. */
const PACKETS_MIN = 40;

export type JourneyOptions = Readonly<{ url: string; code?: string; domain?: string }>;

const shows = async (report: Report, page: Page, words: string, what: string): Promise<void> => {
  const seen = await page.getByText(words).first().waitFor({ timeout: STEP_MS_MAX }).then(() => true, () => false);
  report.check(what, seen, `"${words}" is not shown: ${(await page.locator('main').innerText()).slice(0, 500)}`);
}; // prettier-ignore

/** Both ends send and get: looked at twice, so that it goes on. */
const talk = async (report: Report, tabs: readonly Page[], what: string): Promise<void> => {
  for (const tab of tabs)
    await tab.getByLabel('Packets sent', { exact: true }).waitFor({ timeout: STEP_MS_MAX });
  const before = await Promise.all(tabs.map(soundOf));
  await sleep(TALK_MS);
  const after = await Promise.all(tabs.map(soundOf));
  for (const [i, { sent, received }] of after.entries()) {
    report.atLeast(
      `${what}: packets that tab ${i + 1} sent in 2 s`,
      sent - (before[i]?.sent ?? 0),
      PACKETS_MIN,
    );
    report.atLeast(
      `${what}: packets that tab ${i + 1} got in 2 s`,
      received - (before[i]?.received ?? 0),
      PACKETS_MIN,
    );
  }
};

const hold = async (report: Report, first: Page, second: Page): Promise<void> => {
  await second.getByRole('button', { name: 'Hold' }).click();
  await shows(report, first, 'The other side put you on hold', 'hold is seen at the other end');
  await second.getByRole('button', { name: 'Resume' }).click();
  await shows(report, first, 'Connected', 'and its end too');
  await second.getByRole('button', { name: 'Mute' }).click();
  await shows(report, second, 'Muted', 'mute is seen');
  await second.getByRole('button', { name: 'Muted' }).click();
  await second.getByRole('button', { name: 'Keys' }).click();
  await second.getByRole('button', { name: 'Hash' }).click();
};

/** The second tab calls the first one's number. */
const callAcrossTabs = async (report: Report, first: Page, second: Page, number: string): Promise<void> => {
  await second.getByRole('textbox', { name: 'Call' }).fill(number);
  await second.getByRole('button', { name: 'Call', exact: true }).click();
  await shows(report, first, 'Calls you', 'the first tab rings');
  await shows(report, second, 'It rings', 'the second tab hears it');
  await first.getByRole('button', { name: 'Answer' }).click();
  await shows(report, first, 'Connected', 'the first tab is connected');
  await shows(report, second, 'Connected', 'the second tab is connected');
  await talk(report, [first, second], 'talking');
  await hold(report, first, second);
  await talk(report, [first, second], 'talking again');
  await first.getByRole('button', { name: 'Hang up' }).click();
  await shows(report, second, 'The call has ended', 'hanging up ends it at the other end');
};

const seeLadder = async (
  report: Report,
  page: Page,
  url: string,
  userName: string,
  domain: string,
): Promise<void> => {
  await goTo(page, url, linePath(userName, domain, 'calls'), 'Calls');
  const call = page.locator('.calls a').first();
  // What is told of a call comes from the log, a moment after it.
  await until('the call to have ended in the list', STEP_MS_MAX, async () =>
    /ended|\d:\d\d/.test(await call.innerText().catch(() => '')) ? true : undefined,
  );
  await call.click();
  const ladder = page.getByRole('region', { name: 'Ladder diagram' });
  await ladder.waitFor();
  const text = await ladder.locator('svg').textContent();
  for (const word of ['INVITE', '200', 'BYE']) report.check(`the ladder has ${word}`, text?.includes(word) === true, text ?? ''); // prettier-ignore
  report.atLeast('arrows of the ladder', await ladder.locator('svg .arrow').count(), 4);
  report.atLeast('steps in words', await page.locator('.steps > li').count(), 4);
};

/** From the first page to the ladder. */
export const journey = async (report: Report, browser: Browser, options: JourneyOptions): Promise<void> => {
  const { url, code = SIGNUP_CODE, domain = DOMAIN } = options;
  const context = await browser.newContext({ permissions: ['microphone', 'clipboard-write'] });
  const faults = watchFaults(context);
  const first = await context.newPage();
  await signUp(first, url, ANN, code);
  const mine = await getLine(first);
  await useInPage(first);
  report.note('the first tab is registered');
  const second = await context.newPage();
  await goTo(second, url, '/lines', 'Your lines');
  await getLine(second);
  await useInPage(second);
  report.note('the second tab is registered');
  await callAcrossTabs(report, first, second, mine.userName);
  report.note('the call is over');
  await seeLadder(report, first, url, mine.userName, domain);
  report.check('no page had a fault', faults.length === 0, faults.join('\n'));
  await context.close();
};
