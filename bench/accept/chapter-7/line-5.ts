// 7.5: OpenAPI of Homer and of Ellis; axe-core on every page of the portal, light and dark, on a desk and on a phone; how soon the form to sign
// in can be used, and what goes over the wire for it; that the phone and the plots load with their pages and not before.
import type { Browser, Page } from '../../portal/browser.js';
import { withBrowser } from '../../portal/browser.js';
import { type Product, withProduct } from '../../harness/product.js';
import { median } from '../../measure/report.js';
import { judgePage } from '../../portal/judge-page.js';
import { tour } from '../../portal/tour.js';
import { PORTAL_ENV, portalUrl } from '../../portal/visit.js';
import type { Line, Report } from '../line.js';

const USABLE_MS_MAX = 1_000;
const FIRST_PAGE_BYTES_MAX = 150_000;
const VISITS = 5;
const PAGES_MIN = 23;
const SIZES = [{ width: 1100, height: 720 }, { width: 390, height: 760 }]; // prettier-ignore
const SCHEMES = ['light', 'dark'] as const;

const judgeOpenApi = async (report: Report, product: Product): Promise<void> => {
  const ports = { Homer: product.ports.HOMER_PORT, Ellis: product.ports.ELLIS_PORT };
  for (const [name, port] of Object.entries(ports)) {
    const answer = await fetch(`http://127.0.0.1:${port}/docs/json`);
    const { openapi, paths } = (await answer.json()) as { openapi?: string; paths?: object };
    report.check(`${name} has an OpenAPI document`, /^3\./.test(openapi ?? ''), openapi);
    report.figure(`paths of ${name}`, Object.keys(paths ?? {}).length);
    report.check(`${name}'s names its paths`, Object.keys(paths ?? {}).length > 2);
  }
};

/** Bytes as they came over the wire, and names of files; in a browser that knows nothing yet. */
const watchWire = async (page: Page) => {
  const session = await page.context().newCDPSession(page);
  const seen = { bytes: 0, files: [] as string[] };
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => void (seen.bytes += encodedDataLength));
  session.on('Network.responseReceived', ({ response }) => void seen.files.push(new URL(response.url).pathname)); // prettier-ignore
  return seen;
};

const judgeFirstPage = async (report: Report, browser: Browser, url: string): Promise<void> => {
  const times: number[] = [];
  let most = 0;
  for (let visit = 0; visit < VISITS; visit++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const wire = await watchWire(page);
    const startMs = performance.now();
    await page.goto(`${url}/`, { waitUntil: 'commit' });
    await page.getByLabel('E-mail address').fill('ann');
    times.push(Math.round(performance.now() - startMs));
    await page.waitForLoadState('networkidle');
    most = Math.max(most, wire.bytes);
    const early = wire.files.filter((file) => /sip-phone|uplot|phone-page|admin/i.test(file));
    report.check('neither phone nor plots load with the first page', early.length === 0, early.join(' '));
    await context.close();
  }
  report.figure('sign-in form usable after, ms', times);
  report.atMost('median, ms', median(times), USABLE_MS_MAX);
  report.atMost('first page over the wire, bytes', most, FIRST_PAGE_BYTES_MAX);
  report.check('there is a first page', most > 1_000, String(most));
};

const judgePages = async (report: Report, browser: Browser, product: Product): Promise<void> => {
  const others = new Set<string>();
  const names: string[] = [];
  let rules = 0;
  const loaded = new Map<string, readonly string[]>();
  const faults = await tour(browser, product, async (name, page) => {
    names.push(name);
    // Each page that is opened by its address has its own list; the phone's and the operators' are looked at.
    const files = await page.evaluate<string[]>("performance.getEntriesByType('resource').map(({ name }) => name)"); // prettier-ignore
    loaded.set(name, files);
    for (const viewport of SIZES)
      for (const colorScheme of SCHEMES) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const judged = await judgePage(page);
        rules = Math.max(rules, judged.rules);
        for (const { id } of judged.others) others.add(`${name}: ${id}`);
        const what = `${name}, ${colorScheme}, ${viewport.width} wide: no serious fault`;
        report.check(what, judged.serious.length === 0, JSON.stringify(judged.serious));
      }
  });
  const has = (name: string, file: RegExp): boolean =>
    loaded.get(name)?.some((one) => file.test(one)) === true;
  report.check('the phone is loaded where it is used', has('phone', /sip-phone/));
  report.check('and not on other pages', !has('calls', /sip-phone/) && !has('operations', /sip-phone/));
  report.check('the plots are loaded where they are shown', has('operations', /uplot/i));
  report.check('and not on other pages', !has('calls', /uplot/i) && !has('phone', /uplot/i));
  report.atLeast('pages judged', names.length, PAGES_MIN);
  report.atLeast('rules of axe that applied to a page, at most', rules, 15);
  report.figure('minor findings', [...others]);
  report.check('no page had a fault', faults.length === 0, faults.join('\n'));
};

export const line: Line = {
  async run(report) {
    await withProduct({ env: PORTAL_ENV }, async (product) => {
      await judgeOpenApi(report, product);
      await withBrowser(async (browser) => {
        await judgeFirstPage(report, browser, portalUrl(product));
        await judgePages(report, browser, product);
      });
    });
  },
};
