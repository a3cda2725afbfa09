// The URI of an XCAP resource (RFC 4825 §6): which document of which usage and user, and which node of it. Pure.
// Reader: Homer; written back for Location, conflict reports and the directory.
import { type Bindings, parseBindings, type Step, stepText } from './node-selector.js';

export type DocumentSelector = Readonly<{
  auid: string;
  /** XCAP User Identifier; undefined: the global tree. */
  xui?: string;
  /** What follows; more than one: a directory, of which there are none. */
  path: readonly string[];
}>;

export type XcapUri = Readonly<{
  document: DocumentSelector;
  /** Percent-decoded; undefined: the whole document. */
  node?: string;
  bindings: Bindings;
}>;

/** `unknown`: no resource could stand there; `malformed`: no URI, or a query that is no XPointer. */
export type UriParsed =
  Readonly<{ ok: true; uri: XcapUri }> | Readonly<{ ok: false; fault: 'unknown' | 'malformed' }>;

/** Characters of a request target; a longer one is malformed. */
export const URI_CHARACTERS_MAX = 4_096;

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** §6: the first `~~` separates; `%7E%7E` is the same. */
const isSeparator = (segment: string): boolean => /^(?:~|%7e){2}$/i.test(segment);

const selectorOf = (segments: readonly string[]): DocumentSelector | undefined => {
  const [auid = '', tree, ...rest] = segments;
  if (auid === '' || (tree !== 'users' && tree !== 'global')) return undefined;
  const path = tree === 'users' ? rest.slice(1) : rest;
  const [xui] = rest;
  if (path.length === 0 || path.includes('') || (tree === 'users' && xui === '')) return undefined;
  return { auid, ...(tree === 'users' && xui !== undefined ? { xui } : {}), path };
};

/** Reads a request target: `/auid/users/xui/document/~~/node?xmlns(…)`. */
export const parseXcapUri = (target: string): UriParsed => {
  if (target.length > URI_CHARACTERS_MAX) return { ok: false, fault: 'malformed' };
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : decoded(target.slice(mark + 1));
  const bindings = query === undefined ? undefined : parseBindings(query);
  const segments = path.replace(/^\//, '').split('/');
  const at = segments.findIndex(isSeparator);
  const own = (at < 0 ? segments : segments.slice(0, at)).map(decoded);
  // A slash at the end says nothing.
  if (at < 0 && own.at(-1) === '') own.pop();
  const node = at < 0 ? undefined : decoded(segments.slice(at + 1).join('/'));
  if (bindings === undefined || own.includes(undefined) || (at >= 0 && node === undefined))
    return { ok: false, fault: 'malformed' };
  const document = selectorOf(own as string[]);
  if (document === undefined) return { ok: false, fault: 'unknown' };
  return { ok: true, uri: { document, ...(node === undefined ? {} : { node }), bindings } };
};

/** What a path segment may hold as it is (RFC 3986 §3.3, pchar), beside letters and digits. */
const PLAIN: Readonly<Record<string, string>> = { '%3A': ':', '%40': '@', '%3D': '=', '%2B': '+', '%3B': ';', '%24': '$', '%26': '&', '%2C': ',' }; // prettier-ignore

export const encodedSegment = (text: string): string =>
  encodeURIComponent(text).replace(/%(?:3A|40|3D|2B|3B|24|26|2C)/g, (code) => PLAIN[code] ?? code);

export const documentPath = ({ auid, xui, path }: DocumentSelector): string =>
  `/${[auid, ...(xui === undefined ? ['global'] : ['users', xui]), ...path].map(encodedSegment).join('/')}`;

/** The URI of an element of a document, with the bindings that its selector needs. */
export const elementUri = (
  document: DocumentSelector,
  steps: readonly Step[],
  bindings: Bindings,
): string => {
  if (steps.length === 0) return documentPath(document);
  const selector = steps.map((step) => encodedSegment(stepText(step))).join('/');
  const query = [...bindings].map(([prefix, uri]) => {
    const escaped = uri.replace(/[()^]/g, '^$&');
    return `xmlns(${prefix}=${encodeURIComponent(escaped)})`;
  });
  return `${documentPath(document)}/~~/${selector}${query.length === 0 ? '' : `?${query.join('')}`}`;
};
