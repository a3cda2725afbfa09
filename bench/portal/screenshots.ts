// `npm run screenshots`: each page of the portal, light and dark, on a desk and on a phone, into docs/screens/. Run when the pages have changed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Page, withBrowser } from './browser.js';
import { withProduct } from '../harness/product.js';
import { progress } from '../measure/report.js';
import { inRepository } from '../harness/root.js';
import { tour } from './tour.js';
import { PORTAL_ENV } from './visit.js';

const SIZES = { desk: { width: 1100, height: 720 }, phone: { width: 390, height: 760 } } as const;
const SCHEMES = ['light', 'dark'] as const;
/** A longer page is cut. */
const HEIGHT_MAX = 1_500;
const QUALITY = 0.8;
const SETTLED_MS = 250;

const folder = inRepository('docs/screens');

/** A picture a quarter as large as Playwright's own: Chromium writes WebP when a page of it asks. */
const asWebp = async (blank: Page, png: Buffer): Promise<Buffer> => {
  const url = await blank.evaluate<string>(`new Promise((resolve, reject) => {
    const image = new Image();
    image.onerror = reject;
    image.onload = () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
      canvas.getContext('2d').drawImage(image, 0, 0);
      resolve(canvas.toDataURL('image/webp', ${QUALITY}));
    };
    image.src = 'data:image/png;base64,${png.toString('base64')}';
  })`);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
};

const shootInto =
  (blank: Page) =>
  async (name: string, page: Page): Promise<void> => {
    for (const [size, viewport] of Object.entries(SIZES))
      for (const scheme of SCHEMES) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await page.waitForTimeout(SETTLED_MS);
        const whole = (await page.locator('html').boundingBox())?.height ?? 0;
        const height = Math.round(Math.min(HEIGHT_MAX, Math.max(whole, viewport.height)));
        const png = await page.screenshot({
          fullPage: true,
          clip: { x: 0, y: 0, width: viewport.width, height },
        });
        writeFileSync(`${folder}/${name}-${size}-${scheme}.webp`, await asWebp(blank, png));
      }
    progress(name);
  };

mkdirSync(folder, { recursive: true });
await withProduct({ env: PORTAL_ENV }, (product) =>
  withBrowser(async (browser) => {
    const blank = await (await browser.newContext()).newPage();
    const faults = await tour(browser, product, shootInto(blank));
    for (const fault of faults) progress(`a page had a fault: ${fault}`);
    process.exitCode = faults.length === 0 ? 0 : 1;
  }),
);
