// Debian's Chromium without a screen, with a pretended microphone, driven by Playwright. Where there is none the run fails and says so.
// Used by the portal's tests, its screenshots and accept 7.*.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-dev-shm-usage',
];

export type { Browser, BrowserContext, Page };

const findChromium = (): string => {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))).find((file) => existsSync(file));
  if (found === undefined) throw new Error('no Chromium is installed: apt-get install chromium');
  return found;
}; // prettier-ignore

/** What went wrong in pages: uncaught errors, and what the Content-Security-Policy stopped. */
export type PageFaults = string[];

export const withBrowser = async <T>(use: (browser: Browser) => Promise<T>): Promise<T> => {
  const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
};

/** Faults of each page of the context, from now on. */
export const watchFaults = (context: BrowserContext): PageFaults => {
  const faults: PageFaults = [];
  context.on('weberror', (error) => void faults.push(String(error.error())));
  context.on('console', (message) => {
    if (message.type() === 'error' && /Content.Security.Policy|Uncaught/i.test(message.text()))
      faults.push(message.text());
  });
  return faults;
};
