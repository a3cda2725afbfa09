// The portal in a real browser: from the first page to the ladder of a call between two tabs, and that what is set in the page is what the router
// does with the next call. A machine without Chromium fails here: .ci/run installs it.
import { withBrowser } from '../portal/browser.js';
import type { Product } from '../harness/product.js';
import { journey } from '../portal/journey.js';
import { servicesInPage } from '../portal/services-in-page.js';
import { PORTAL_ENV, portalUrl } from '../portal/visit.js';
import { startProduct, throwing } from './running.js';

let product: Product;
beforeAll(async () => {
  product = await startProduct({ env: PORTAL_ENV });
});
afterAll(() => product.dispose());

it('lets a newcomer sign up, get a line, call from a second tab, talk, and see the ladder', async () => {
  await withBrowser((browser) => journey(throwing, browser, { url: portalUrl(product) }));
});

it('does with the next call what was switched on in the page', async () => {
  await withBrowser((browser) => servicesInPage(throwing, browser, product));
});
