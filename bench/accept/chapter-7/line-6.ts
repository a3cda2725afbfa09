// 7.6: 36,000 live updates into an open page: what the page keeps is bounded. The page, its EventSource and its code are the portal's own; the
// stream is played by the browser's driver, 300 updates a connection, so that hours of events take seconds.
import type { CDPSession } from 'playwright-core';
import type { Page } from '../../portal/browser.js';
import { withBrowser } from '../../portal/browser.js';
import { until } from '../../harness/children.js';
import { DOMAIN, withProduct } from '../../harness/product.js';
import { round } from '../../measure/report.js';
import { ANN, getLine, goTo, linePath, PORTAL_ENV, portalUrl, signUp } from '../../portal/visit.js';
import type { Line, Report } from '../line.js';

const UPDATES = 36_000;
const FIRST = 3_600;
const A_CONNECTION = 300;
const GROWTH_MAX = 1.1;
const PLAYED_MS_MAX = 300_000;

/** The n-th update: mostly calls, each told twice, and now and then the list of devices. */
const updateOf = (n: number, startMs: number): string => {
  const at = startMs + n;
  if (n % 10 === 0) {
    const device = { id: 'a', contact: `sip:x@192.0.2.1:${n}`, transport: 'tcp', address: '192.0.2.1:5060', user_agent: `Phone ${n}`, since: at, expires_at: at + 600_000 }; // prettier-ignore
    return `event: devices\ndata: ${JSON.stringify({ devices: [device] })}\n\n`;
  }
  const number = n >> 1;
  const call = { id: `replayed-${number}`, direction: 'incoming', method: 'INVITE', other: `sip:caller-${number}@${DOMAIN}`, state: n % 2 ? 'ended' : 'trying', status: 200, begun_at: at, answered_at: at, ended_at: at + 1, words: `update ${n}` }; // prettier-ignore
  return `event: call\ndata: ${JSON.stringify(call)}\n\n`;
};

/** Figures of operators, one a second. */
const figuresOf = (n: number, startMs: number): string => {
  const figures = { at: startMs + n * 1000, registrations_per_second: n % 50, calls_per_second: n % 7, registered: n, views: [{ name: 'registrations-by-aor', lag_ms: n % 3, parked: 0 }], timers: { waiting: n, dead_letters: 0 }, peers: [] }; // prettier-ignore
  return `event: figures\ndata: ${JSON.stringify(figures)}\n\n`;
};

/** Plays updates into each connection of the page's stream, up to a bound that can be raised. */
const play = async (page: Page, pattern: RegExp, make: (n: number, startMs: number) => string) => {
  const startMs = Date.now();
  let [sent, bound] = [0, 0];
  await page.route(pattern, async (route) => {
    const body = ['retry: 20\n\n'];
    for (let i = 0; i < A_CONNECTION && sent < bound; i++) body.push(make(++sent, startMs));
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body: body.join('') });
  });
  return {
    async upTo(count: number): Promise<void> {
      bound = count;
      await until(`${count} updates to be played`, PLAYED_MS_MAX, () => (sent >= count ? true : undefined));
    },
  };
};

const heapOf = async (session: CDPSession): Promise<number> => {
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
};

type Open = (page: Page) => Promise<void>;

const judge = async (report: Report, page: Page, name: string, pattern: RegExp, make: (n: number, startMs: number) => string, open: Open, shown: (n: number) => string): Promise<void> => {
  const playing = await play(page, pattern, make);
  await open(page);
  const session = await page.context().newCDPSession(page);
  const see = async (count: number): Promise<number> => {
    await playing.upTo(count);
    await page.getByText(shown(count)).first().waitFor();
    return heapOf(session);
  };
  const first = await see(FIRST);
  const last = await see(UPDATES);
  report.figure(`${name}: heap after ${FIRST}, kB`, Math.round(first / 1000));
  report.figure(`${name}: heap after ${UPDATES}, kB`, Math.round(last / 1000));
  report.atMost(`${name}: growth`, round(last / first, 3), GROWTH_MAX);
  await page.unroute(pattern);
  await session.detach();
}; // prettier-ignore

export const line: Line = {
  async run(report) {
    await withProduct({ env: PORTAL_ENV }, async (product) => {
      const url = portalUrl(product);
      await withBrowser(async (browser) => {
        const page = await (await browser.newContext()).newPage();
        await signUp(page, url, ANN);
        const { userName } = await getLine(page);
        await page.getByRole('button', { name: 'I have it' }).click();
        const calls = (one: Page) => goTo(one, url, linePath(userName, DOMAIN, 'calls'), 'Calls');
        await judge(report, page, 'calls', /\/live$/, updateOf, calls, (n) => `update ${n % 10 === 0 ? n - 1 : n}`);
        report.atMost('calls shown', await page.locator('.calls > li').count(), 200);
        // Figures need no operator here: what asks for the role is Ellis, and it is not asked.
        await page.route(/\/session\/$/, async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), role: 'operator' } });
        });
        const operations = async (one: Page) => void (await one.goto(`${url}/admin`));
        await judge(report, page, 'operations', /\/operator\/live$/, figuresOf, operations, (n) => n.toLocaleString('en'));
      });
    });
  },
}; // prettier-ignore
