// What the portal does when something goes wrong: each trouble as a person meets it, what the page says of it, and that it goes on once it is over.
// What is broken is the network between page and server, by the browser's driver. Used by the end-to-end test.
import type { Report } from '../accept/line.js';
import { until } from '../harness/children.js';
import { DOMAIN } from '../harness/product.js';
import type { Page } from './browser.js';
import { goTo, linePath, type MadeLine, type Visitor } from './visit.js';

/** A visitor who is signed in and has a line. */
export type Troubled = Readonly<{ page: Page; url: string; visitor: Visitor; line: MadeLine }>;
export type Trouble = (report: Report, visit: Troubled) => Promise<void>;

const STEP_MS_MAX = 20_000;
/** More than three beats of a live stream. */
const SILENT_MS = 60_000;
const LINES = /\/numbers\/$/;
const LIVE = /\/live$/;
const CALLS = /\/calls\?limit=/;

const shows = async (report: Report, page: Page, words: string | RegExp, what: string): Promise<void> => {
  const seen = await page.getByText(words).first().waitFor({ timeout: STEP_MS_MAX }).then(() => true, () => false);
  const text = seen ? '' : await page.locator('body').innerText();
  report.check(what, seen, `"${words}" is not shown: ${text.slice(0, 500)}`);
}; // prettier-ignore

const callsPath = ({ line }: Troubled): string => linePath(line.userName, DOMAIN, 'calls');

/** A stream that tells the devices and ends: the browser comes again. */
const SHORT_STREAM = 'retry: 200\n\nevent: devices\ndata: {"devices":[]}\n\n';

const callNow = () => {
  const at = Date.now();
  return { id: 'missed', direction: 'incoming', method: 'INVITE', other: `sip:missed@${DOMAIN}`, state: 'ended', status: 200, begun_at: at, answered_at: at, ended_at: at + 1_000, words: 'from someone, over' }; // prettier-ignore
};

const streamBreaks: Trouble = async (report, visit) => {
  const { page, url } = visit;
  let opened = 0;
  let isAway = true;
  await page.route(LIVE, async (route) => {
    opened += 1;
    if (opened === 1) await route.fulfill({ contentType: 'text/event-stream', body: SHORT_STREAM });
    else if (isAway) await route.abort('connectionrefused');
    else await route.continue();
  });
  await goTo(page, url, callsPath(visit), 'Not live since');
  report.check('what was there stays', await page.getByText('No calls yet').isVisible());
  await page.route(CALLS, (route) => route.fulfill({ json: { calls: [callNow()] } }));
  isAway = false;
  await page.getByText('Live', { exact: true }).waitFor();
  await shows(
    report,
    page,
    'from someone, over',
    'a call of while the stream was broken is there afterwards',
  );
};

const streamIsSilent: Trouble = async (report, visit) => {
  const { page, url } = visit;
  let opened = 0;
  await page.route(LIVE, async (route) => {
    opened += 1;
    await route.continue();
  });
  await page.clock.install();
  await goTo(page, url, callsPath(visit), 'Calls');
  await page.getByText('Live', { exact: true }).waitFor();
  report.check('one stream is open', opened === 1, String(opened));
  await page.clock.fastForward(SILENT_MS);
  const again = await page.waitForRequest(LIVE, { timeout: STEP_MS_MAX }).then(() => true, () => opened > 1); // prettier-ignore
  report.check('a stream that says nothing is opened anew', again);
  await shows(report, page, 'Live', 'and then it is live again');
};

const sessionEnds: Trouble = async (report, visit) => {
  const { page, url, visitor } = visit;
  await goTo(page, url, linePath(visit.line.userName, DOMAIN), 'For your phones');
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Call services' }).click();
  await shows(report, page, 'Your session has ended', 'who asks for something is told that the session has ended');
  await page.getByLabel('E-mail address').fill(visitor.email);
  await page.getByLabel('Password', { exact: true }).fill(visitor.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await shows(report, page, 'Divert calls', 'and is back at the same page after signing in');
}; // prettier-ignore

const sessionEndsUnasked: Trouble = async (report, visit) => {
  const { page, url } = visit;
  let isFirst = true;
  await page.route(LIVE, async (route) => {
    if (!isFirst) return route.continue();
    isFirst = false;
    await page.context().clearCookies();
    return route.fulfill({ contentType: 'text/event-stream', body: SHORT_STREAM });
  });
  await page.goto(`${url}${callsPath(visit)}`);
  await shows(report, page, 'Your session has ended', 'who only looks on is told too');
};

const serverIsBusy: Trouble = async (report, { page, url }) => {
  await page.route(LINES, (route) =>
    route.fulfill({ status: 503, headers: { 'retry-after': '7' }, json: { error: true, status: 503, message: 'Service Unavailable', reason: 'the store does not answer now' } }),
  ); // prettier-ignore
  await page.goto(`${url}/lines`);
  await shows(report, page, 'The store does not answer now. Try again in 7 s.', 'a busy server: why, and when to come again');
  await page.unroute(LINES);
  await page.route(LINES, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Sign in to this network</h1>' })); // prettier-ignore
  await page.getByRole('button', { name: 'Try again' }).click();
  await shows(report, page, 'What answered is not the portal’s server', 'a page of another server is no answer');
  await page.unroute(LINES);
  await page.route(LINES, (route) => route.abort());
  await page.getByRole('button', { name: 'Try again' }).click();
  await shows(report, page, 'The server cannot be reached', 'no answer at all');
  await page.unroute(LINES);
  await page.getByRole('button', { name: 'Try again' }).click();
  await shows(report, page, 'Your lines', 'and the page is there once it is over');
}; // prettier-ignore

const startFails: Trouble = async (report, { page, url }) => {
  await page.route('**/portal', (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' })); // prettier-ignore
  await page.goto(`${url}/lines`);
  await shows(report, page, 'The server could not do it (502)', 'a portal without its server says so');
  await page.unroute('**/portal');
  await page.getByRole('button', { name: 'Try again' }).click();
  await shows(report, page, 'Your lines', 'and starts once it is there');
};

const pageHasAFault: Trouble = async (report, { page, url }) => {
  await page.route(LINES, (route) => route.fulfill({ json: { numbers: null } }));
  await page.goto(`${url}/lines`);
  await shows(report, page, 'This page has a fault', 'what a page cannot show it says');
  await page.getByRole('link', { name: 'Account' }).click();
  await shows(report, page, 'Change password', 'other pages go on');
  await page.getByRole('link', { name: 'Lines', exact: true }).click();
  await shows(report, page, 'This page has a fault', 'it stays where it is');
  await page.unroute(LINES);
  await page.getByRole('button', { name: 'Try again' }).click();
  await shows(report, page, 'Your lines', 'and ends with its reason');
};

const pageIsMissing: Trouble = async (report, { page, url }) => {
  const CODE = /\/assets\/contacts-/;
  await goTo(page, url, '/lines', 'Your lines');
  await page.route(CODE, (route) => route.abort());
  await page.getByRole('link', { name: 'Contacts' }).click();
  await shows(report, page, 'This page could not be loaded', 'code that does not come is told');
  await page.unroute(CODE);
  await page.getByRole('button', { name: 'Load it again' }).click();
  await shows(report, page, 'Nobody is listed yet', 'and is there when the page is loaded again');
};

const signOutFails: Trouble = async (report, { page, url }) => {
  await goTo(page, url, '/lines', 'Your lines');
  await page.route('**/session/', (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue())); // prettier-ignore
  await page.getByRole('button', { name: 'Sign out' }).click();
  await shows(report, page, 'You are still signed in', 'nobody is told that a session is over which is not');
  await page.unroute('**/session/');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await shows(report, page, 'New here?', 'and it is, once the server has heard of it');
}; // prettier-ignore

const signedOutElsewhere: Trouble = async (report, visit) => {
  const { page, url } = visit;
  await openPhone(visit);
  await page.getByText(READY).waitFor();
  const other = await page.context().newPage();
  await goTo(other, url, '/lines', 'Your lines');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await shows(report, page, 'Your session has ended', 'who signs out in one tab has signed out in all');
  const kept = await page.evaluate(`Object.keys(sessionStorage).filter((key) => key.startsWith('phone:'))`);
  report.check(
    'and nothing of the phone is kept in any',
    JSON.stringify(kept) === '[]',
    JSON.stringify(kept),
  );
};

const backWithoutSaving: Trouble = async (report, visit) => {
  const { page, url } = visit;
  await goTo(page, url, '/lines', 'Your lines');
  await page.getByRole('link', { name: 'Call services' }).first().click();
  await page.getByText('Hide my number').first().click();
  const asked: string[] = [];
  let leave = false;
  page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    void (leave ? dialog.accept() : dialog.dismiss());
  });
  const goBack = () => page.evaluate('history.back()');
  await goBack();
  await until('the question', STEP_MS_MAX, () => Promise.resolve(asked[0]));
  await shows(report, page, 'Divert calls', 'who goes back without saving is asked, and may stay');
  report.check('where they were', page.url().endsWith('/call-services'), page.url());
  leave = true;
  await goBack();
  await shows(report, page, 'Your lines', 'or go');
};

/** A second line of the same account, in a tab of its own. */
const secondLine = async ({ page, url, visitor }: Troubled): Promise<MadeLine> => {
  const made = await page.request.post(`${url}/accounts/${encodeURIComponent(visitor.email)}/numbers/`);
  const { sip_username: userName, sip_password: password } = (await made.json()) as Record<string, string>;
  return { userName: userName!, password: password! };
};

const reloadedInCall: Trouble = async (report, visit) => {
  const { page } = visit;
  await openPhone(visit);
  await page.getByText(READY).waitFor();
  const other = await page.context().newPage();
  await openPhone({ ...visit, page: other, line: await secondLine(visit) });
  await other.getByText(READY).waitFor();
  await other.getByRole('textbox', { name: 'Call' }).fill(visit.line.userName);
  await other.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByRole('button', { name: 'Answer' }).click();
  await shows(report, other, 'Connected', 'two tabs talk');
  await page.reload();
  await shows(report, other, 'The call has ended', 'who loads the page anew in a call hangs up');
  await shows(report, page, READY, 'and the phone is ready again');
};

const openPhone = async ({ page, url, line }: Troubled): Promise<void> => {
  await page.goto(`${url}/phone/${encodeURIComponent(`sip:${line.userName}@${DOMAIN}`)}`);
  await page.getByRole('textbox', { name: 'Password of the line' }).fill(line.password);
  await page.getByRole('button', { name: 'Switch the phone on' }).click();
};

const READY = 'Ready: calls come in here';

const noMicrophone: Trouble = async (report, visit) => {
  const { page } = visit;
  await openPhone(visit);
  await page.getByText(READY).waitFor();
  const say = { NotFoundError: 'There is no microphone', NotAllowedError: 'does not let this page use the microphone' };
  for (const [name, words] of Object.entries(say)) {
    await page.evaluate(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '${name}'))`);
    await page.getByRole('textbox', { name: 'Call' }).fill('6505550199');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await shows(report, page, words, `${name} is told in words`);
    await page.getByRole('button', { name: 'Close' }).click();
    await shows(report, page, READY, 'and the phone goes on');
  }
}; // prettier-ignore

const serverOfPhoneIsAway: Trouble = async (report, visit) => {
  const { page } = visit;
  let isAway = true;
  const open = new Set<() => Promise<void>>();
  await page.routeWebSocket(/^ws:/, async (socket) => {
    if (isAway) return socket.close();
    const server = socket.connectToServer();
    open.add(async () => {
      await server.close();
      await socket.close();
    });
  });
  await openPhone(visit);
  await shows(report, page, 'The phone cannot reach its server', 'a phone that cannot be reached says so');
  isAway = false;
  await shows(report, page, READY, 'and is ready once it can');
  isAway = true;
  for (const close of open) await close();
  await shows(report, page, 'The connection is lost', 'a connection that is lost is told');
  isAway = false;
  await shows(report, page, READY, 'and made again');
  report.check('without a word of it left', !(await page.getByText('The connection is lost').isVisible()));
};

const wrongPassword: Trouble = async (report, visit) => {
  const { page } = visit;
  await openPhone({ ...visit, line: { ...visit.line, password: 'not this one' } });
  await shows(
    report,
    page,
    'The password is not the one of this line',
    'a wrong password of the line is told',
  );
  await page.getByRole('textbox', { name: 'Password of the line' }).fill(visit.line.password);
  await page.getByRole('button', { name: 'Switch the phone on' }).click();
  await shows(report, page, READY, 'and the right one does');
};

export const TROUBLES: Readonly<Record<string, Trouble>> = {
  'the live stream breaks': streamBreaks,
  'the live stream dies without a word': streamIsSilent,
  'the session ends': sessionEnds,
  'the session ends while one only looks on': sessionEndsUnasked,
  'the server is busy, another one, or away': serverIsBusy,
  'the server is not there at the start': startFails,
  'a page is given what it cannot show': pageHasAFault,
  'the code of a page does not come': pageIsMissing,
  'signing out does not reach the server': signOutFails,
  'somebody signs out in another tab': signedOutElsewhere,
  'somebody goes back without saving': backWithoutSaving,
  'a tab is loaded anew in a call': reloadedInCall,
  'there is no microphone': noMicrophone,
  'the phone’s server is away': serverOfPhoneIsAway,
  'the password of the line is wrong': wrongPassword,
};
