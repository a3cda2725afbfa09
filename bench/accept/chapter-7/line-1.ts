// 7.1: a fresh clone, `npm ci && npm start`, and then all that a newcomer does in the portal, in one browser with two tabs. The short form
// takes the built tree in place of the clone.
import { withBrowser } from '../../portal/browser.js';
import { withFreshClone } from '../fresh-clone.js';
import { withProduct } from '../../harness/product.js';
import { journey } from '../../portal/journey.js';
import { PORTAL_ENV, portalUrl, SIGNUP_CODE } from '../../portal/visit.js';
import type { Line, Report } from '../line.js';

const JOURNEY_S_MAX = 120;

const travel = async (report: Report, url: string): Promise<void> => {
  const startMs = performance.now();
  await withBrowser((browser) => journey(report, browser, { url }));
  report.atMost('journeyS', Math.round((performance.now() - startMs) / 100) / 10, JOURNEY_S_MAX);
};

/** The address that the terminal shows. */
const printedUrl = (output: string): string | undefined =>
  /portal\s+(http:\/\/\S+)/i.exec(output)?.[1]?.replace(/\/$/, '');

export const line: Line = {
  async run(report) {
    if (report.quick) {
      await withProduct({ env: PORTAL_ENV }, (product) => travel(report, portalUrl(product)));
      return;
    }
    await withFreshClone(report, async (clone) => {
      if (!(await clone.install())) return;
      await clone.start({ SIGNUP_CODE }, async ({ output }) => {
        const url = printedUrl(output());
        report.check('the address of the portal is printed', url !== undefined, output().slice(-1500));
        if (url !== undefined) await travel(report, url);
      });
    });
  },
}; // prettier-ignore
