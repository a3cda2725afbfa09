// How Vite makes the portal's files (dist/apps/ellis/web): no inline script or style, since the Content-Security-Policy lets none run, and no
// polyfill; pages and libraries of their own are chunks that load when they are opened. Run by .config/build-portal.mjs.
import path from 'node:path';
import type { InlineConfig } from 'vite';

const root = import.meta.dirname;

export const portal: InlineConfig = {
  root,
  configFile: false,
  base: '/',
  logLevel: 'warn',
  resolve: { conditions: ['clearwater-src', 'module', 'browser', 'production'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: path.resolve(root, '../../../dist/apps/ellis/web'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssMinify: true,
    reportCompressedSize: false,
  },
};
