// Builds the portal's pages into dist/apps/ellis/web, unless nothing has changed since they were built there: what they are made of is
// the sources below, the lock and this file, and a hash of all of it lies beside what came of it. Part of `npm run build` and `npm start`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const SOURCES = ['apps/ellis/web', 'libs/xcap/src', 'package-lock.json', '.config/build-portal.mjs'];
const stamp = path.join(root, 'dist/apps/ellis/web.sha256');
const page = path.join(root, 'dist/apps/ellis/web/index.html');

const filesOf = (at) =>
  /[.][a-z]+$/.test(at)
    ? [at]
    : readdirSync(path.join(root, at), { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => (entry.isDirectory() ? filesOf(`${at}/${entry.name}`) : [`${at}/${entry.name}`]));

const hash = createHash('sha256');
for (const file of SOURCES.flatMap(filesOf).filter((file) => !/[.]spec[.]ts$/.test(file)))
  hash
    .update(file)
    .update('\0')
    .update(readFileSync(path.join(root, file)))
    .update('\0');
const sources = hash.digest('hex');

if (!existsSync(page) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== sources) {
  const { build } = await import('vite');
  const { portal } = await import('../apps/ellis/web/vite.config.ts');
  await build(portal);
  writeFileSync(stamp, sources);
}
