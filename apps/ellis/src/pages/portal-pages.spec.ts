// The portal's files: each with its type and rules, compressed as asked for, and never another file of the machine.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { contentPolicy, openPages, type PageRequest } from './portal-pages.js';

const HTML = '<!doctype html><title>Portal</title>';
const SCRIPT = 'export const a = 1;'.repeat(100);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pages-'));
  mkdirSync(path.join(folder, 'web/assets'), { recursive: true });
  writeFileSync(path.join(folder, 'web/index.html'), HTML);
  writeFileSync(path.join(folder, 'web/icon.svg'), '<svg/>');
  writeFileSync(path.join(folder, 'web/assets/index-abc.js'), SCRIPT);
  writeFileSync(path.join(folder, 'secret.txt'), 'secret');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const get = (at: string, more: Partial<PageRequest> = {}) =>
  openPages(['ws://127.0.0.1:5062'], path.join(folder, 'web')).answer({
    path: at,
    accept: 'text/html,*/*',
    acceptEncoding: '',
    ifNoneMatch: '',
    ...more,
  });

it.each(['/', '/lines', '/lines/sip%3Aann%40ims.test/calls', '/reset-password', '/assets-of-mine'])(
  'gives the page at %s, never from a cache without asking',
  async (at) => {
    const answer = await get(at);
    expect([answer?.status, String(answer?.body)]).toEqual([200, HTML]);
    expect(answer?.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  },
);

it('gives no page to who does not ask for one', async () => {
  expect(await get('/accounts/a/b/c/d', { accept: 'application/json' })).toBeUndefined();
});

it('says 304 to who has it', async () => {
  const { headers } = (await get('/'))!;
  expect((await get('/', { ifNoneMatch: headers['etag']! }))?.status).toBe(304);
  expect((await get('/', { ifNoneMatch: '"other"' }))?.status).toBe(200);
});

it('compresses as asked for', async () => {
  const script = (acceptEncoding: string) => get('/assets/index-abc.js', { accept: '*/*', acceptEncoding });
  const [plain, gzip, brotli] = [
    await script(''),
    await script('gzip;q=1'),
    await script('gzip, deflate, br'),
  ];
  expect(plain?.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  expect(String(plain?.body)).toBe(SCRIPT);
  expect(gunzipSync(gzip!.body as Buffer).toString()).toBe(SCRIPT);
  expect(brotliDecompressSync(brotli!.body as Buffer).toString()).toBe(SCRIPT);
  expect([gzip?.headers['content-encoding'], brotli?.headers['content-encoding']]).toEqual(['gzip', 'br']);
});

it.each([
  ['br;q=0, gzip', 'gzip'],
  ['gzip;q=0.0', undefined],
  ['BR; q=0.5', 'br'],
])('takes %s for what it says', async (acceptEncoding, encoding) => {
  const answer = await get('/assets/index-abc.js', { accept: '*/*', acceptEncoding });
  expect(answer?.headers['content-encoding']).toBe(encoding);
});

it.each(['/assets/../secret.txt', '/assets/../../secret.txt', '/assets/%2e%2e/secret.txt', '/assets/', '/assets/none.js'])(
  'has nothing at %s',
  async (at) => {
    expect(await get(at)).toBeUndefined();
  },
); // prettier-ignore

it('lets a page run what is of this host alone, and talk to it and the edge', () => {
  const policy = contentPolicy(['ws://127.0.0.1:5062', 'wss://edge.test:5063']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self' ws://127.0.0.1:5062 wss://edge.test:5063");
  expect(policy).not.toMatch(/unsafe|\*/);
});

it('says that pages were not built where only their sources are', async () => {
  const sources = path.join(folder, 'sources');
  mkdirSync(sources, { recursive: true });
  writeFileSync(path.join(sources, 'index.html'), HTML);
  const pages = openPages([], sources);
  const request = { path: '/', accept: 'text/html', acceptEncoding: '', ifNoneMatch: '' };
  expect((await pages.answer(request))?.status).toBe(503);
  expect(await pages.answer({ ...request, path: '/assets/a.js' })).toBeUndefined();
});
