// The portal's files as the build left them (apps/ellis/web), read once at a start, and the headers that keep a page to this host (docs/ellis.md,
// "Pages"). Read by http/pages.controller.ts.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Beside the compiled code. */
export const BUILT_PAGES = path.join(import.meta.dirname, '../../web');
/** Files of a build; one with more is none of ours. */
export const PAGE_FILES_MAX = 200;

export type PageRequest = Readonly<{
  path: string;
  accept: string;
  acceptEncoding: string;
  ifNoneMatch: string;
}>;
export type PageAnswer = Readonly<{
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
}>;

export interface Pages {
  /** undefined: not a page, and nothing for a browser's window. */
  answer(request: PageRequest): Promise<PageAnswer | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

type Encoding = 'br' | 'gzip' | 'identity';
const compressed = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** This host alone, and the WebSockets of the edge: no inline script or style, no eval, in nobody's frame. */
export const contentPolicy = (websocketUrls: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...websocketUrls].join(' ')}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

class PageFile {
  readonly #encoded = new Map<Encoding, Promise<Buffer>>();
  readonly etag: string;

  constructor(
    private readonly content: Buffer,
    readonly type: string,
    readonly cacheControl: string,
  ) {
    this.etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
  }

  /** Compressed once, when it is first asked for so. */
  encoded(encoding: Encoding): Promise<Buffer> {
    const known = this.#encoded.get(encoding);
    if (known !== undefined) return known;
    const made = this.#make(encoding);
    this.#encoded.set(encoding, made);
    return made;
  }

  async #make(encoding: Encoding): Promise<Buffer> {
    if (encoding === 'identity') return this.content;
    return encoding === 'br' ? compressed.br(this.content, BROTLI) : compressed.gzip(this.content);
  }
}

const fileAt = (folder: string, name: string, cacheControl: string): PageFile =>
  new PageFile(readFileSync(path.join(folder, name)), TYPES[path.extname(name)] ?? 'application/octet-stream', cacheControl); // prettier-ignore

/** By their path; the page itself by `/`. Files below /assets/ are named by their content. */
const readPages = (folder: string): ReadonlyMap<string, PageFile> => {
  const assets = path.join(folder, 'assets');
  // Sources lie in a folder of the same name, and are no pages.
  if (!existsSync(assets) || !existsSync(path.join(folder, 'index.html'))) return new Map();
  const names = readdirSync(assets).slice(0, PAGE_FILES_MAX);
  const kept = names.map((name) => [`/assets/${name}`, fileAt(assets, name, 'public, max-age=31536000, immutable')] as const); // prettier-ignore
  return new Map([
    ...kept,
    ['/icon.svg', fileAt(folder, 'icon.svg', 'public, max-age=86400')],
    ['/', fileAt(folder, 'index.html', 'no-cache')],
  ]);
};

const encodingFor = (accepted: string): Encoding => {
  // RFC 9110 §12.5.3: with q=0 it is not accepted.
  const wanted = accepted.split(',').filter((part) => !/;\s*q=0(\.0{0,3})?\s*$/i.test(part));
  const names = wanted.map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  return names.includes('br') ? 'br' : names.includes('gzip') ? 'gzip' : 'identity';
};

const NOT_BUILT = 'The pages of the portal have not been built: npm run build\n';

export const openPages = (websocketUrls: readonly string[], folder = BUILT_PAGES): Pages => {
  const files = readPages(folder);
  const guards = {
    'content-security-policy': contentPolicy(websocketUrls),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  return {
    async answer({ path: at, accept, acceptEncoding, ifNoneMatch }) {
      const asset = at === '/icon.svg' || at.startsWith('/assets/');
      // Every other path is one of the page's own; who does not ask for a page asks for a route that there is not.
      if (!asset && at !== '/' && !/text\/html/i.test(accept)) return undefined;
      const file = files.get(asset ? at : '/');
      if (file === undefined) {
        if (asset) return undefined;
        const headers = { ...guards, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'retry-after': '60' }; // prettier-ignore
        return { status: 503, headers, body: NOT_BUILT };
      }
      const { type, etag, cacheControl } = file;
      const headers = { ...guards, 'content-type': type, 'cache-control': cacheControl, etag, vary: 'Accept-Encoding' }; // prettier-ignore
      if (ifNoneMatch === etag) return { status: 304, headers, body: '' };
      const encoding = encodingFor(acceptEncoding);
      const body = await file.encoded(encoding);
      return {
        status: 200,
        headers: encoding === 'identity' ? headers : { ...headers, 'content-encoding': encoding },
        body,
      };
    },
  };
};
