// 7.1: a fresh clone, `npm ci && npm start`, and then all that a newcomer does in the portal, in one browser with two tabs; and the pictures of
// all pages. The short form takes the built tree in place of the clone, and no pictures.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { withBrowser } from '../../portal/browser.js';
import { type FreshClone, withFreshClone } from '../fresh-clone.js';
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

const SCREENSHOTS_MS_MAX = 900_000;
const PAGES_MIN = 23;
const VARIANTS = ['desk-light', 'desk-dark', 'phone-light', 'phone-dark'];

/** Each page, light and dark, desk and phone, written anew. */
const shoot = async (report: Report, clone: FreshClone): Promise<void> => {
  const folder = path.join(clone.folder, 'docs/screens');
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  await clone.npm('npm run screenshots', ['run', 'screenshots'], SCREENSHOTS_MS_MAX);
  const made = new Set(readdirSync(folder));
  const pages = new Set([...made].map((file) => file.replace(/-(?:desk|phone)-(?:light|dark)\.webp$/, '')));
  report.atLeast('pages that have pictures', pages.size, PAGES_MIN);
  const missing = [...pages].flatMap((page) =>
    VARIANTS.map((variant) => `${page}-${variant}.webp`).filter((file) => !made.has(file)),
  );
  report.check('each page in its four forms', missing.length === 0, missing.join(' '));
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
      await shoot(report, clone);
    });
  },
}; // prettier-ignore
