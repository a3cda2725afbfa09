// RFC 4825 §6, §6.1, §6.2, §7.11, §11: URIs of resources, entity tags, conflict reports.
import { conflictXml } from './conflict.js';
import { judgeConditions } from './entity-tags.js';
import { parseNodeSelector } from './node-selector.js';
import { elementUri, parseXcapUri, URI_CHARACTERS_MAX } from './xcap-uri.js';
import { parseDocument } from './xml-document.js';

const uriOf = (target: string) => {
  const parsed = parseXcapUri(target);
  if (!parsed.ok) return parsed.fault;
  const { document, node, bindings } = parsed.uri;
  return { ...document, ...(node === undefined ? {} : { node }), bindings: Object.fromEntries(bindings) };
};
const BILL = { auid: 'resource-lists', xui: 'sip:bill@example.com', path: ['index'], bindings: {} };

describe('§6 URI construction', () => {
  it.each([
    ['a document of a user', '/resource-lists/users/sip:bill@example.com/index', BILL],
    ['percent-encoded', '/resource-lists/users/sip%3Abill%40example.com/index/', BILL],
    ['a user with a slash', '/a/users/sip:a%2Fb@c/index', { ...BILL, auid: 'a', xui: 'sip:a/b@c' }],
    ['a document of all', '/xcap-caps/global/index', { auid: 'xcap-caps', path: ['index'], bindings: {} }],
    ['a directory', '/a/users/b/c/d', { auid: 'a', xui: 'b', path: ['c', 'd'], bindings: {} }],
    ['a node', '/a/users/b/c/~~/x/y%5b@z=%22a%2Fb%22%5d', { auid: 'a', xui: 'b', path: ['c'], node: 'x/y[@z="a/b"]', bindings: {} }],
    ['an encoded separator; only the first separates', '/a/users/b/c/%7e%7E/~~', { auid: 'a', xui: 'b', path: ['c'], node: '~~', bindings: {} }],
    ['bindings', '/a/users/b/c/~~/p:x?xmlns(p=urn:p%5E(q%5E))', { auid: 'a', xui: 'b', path: ['c'], node: 'p:x', bindings: { p: 'urn:p(q)' } }],
    ['neither users nor global', '/a/others/b/c', 'unknown'],
    ['no document', '/a/users/b', 'unknown'],
    ['no document in the global tree', '/a/global', 'unknown'],
    ['nothing', '/', 'unknown'],
    ['an empty segment', '/a/users//c', 'unknown'],
    ['a bad escape', '/a/users/%zz/c', 'malformed'],
    ['a bad escape in the query', '/a/users/b/c?%', 'malformed'],
    ['a query that is none', '/a/users/b/c?x', 'malformed'],
    ['no UTF-8', '/a/users/%ff/c', 'malformed'],
    ['too long', `/a/users/b/${'c'.repeat(URI_CHARACTERS_MAX)}`, 'malformed'],
  ])('%s', (_name, target, expected) => {
    expect(uriOf(target)).toEqual(expected);
  });

  it('writes what it reads', () => {
    const bindings = new Map([['p', 'urn:p(^)']]);
    const text = 'p:x/*[2][@a="&quot;/]ü"]';
    const parsed = parseNodeSelector(text, bindings, '');
    const target = elementUri(BILL, parsed.ok ? parsed.selector.steps : [], bindings);
    expect(uriOf(target)).toEqual({ ...BILL, node: text, bindings: { p: 'urn:p(^)' } });
    expect(elementUri(BILL, [], bindings)).toBe('/resource-lists/users/sip:bill@example.com/index');
  });
}); // prettier-ignore

describe('§7.11, §8.2.6 conditions', () => {
  it.each([
    ['none', {}, 'go-on', 'go-on', 'go-on'],
    ['the tag', { ifMatch: '"3"' }, 'go-on', 'go-on', 'failed'],
    ['the tag in a list', { ifMatch: '"1", "3"' }, 'go-on', 'go-on', 'failed'],
    ['another tag', { ifMatch: '"2"' }, 'failed', 'failed', 'failed'],
    ['a weak tag', { ifMatch: 'W/"3"' }, 'failed', 'failed', 'failed'],
    ['any', { ifMatch: '*' }, 'go-on', 'go-on', 'failed'],
    ['no such tag', { ifNoneMatch: '"2"' }, 'go-on', 'go-on', 'go-on'],
    ['the tag unwanted', { ifNoneMatch: '"3"' }, 'not-modified', 'failed', 'go-on'],
    ['the tag unwanted, weakly', { ifNoneMatch: 'W/"3"' }, 'not-modified', 'failed', 'go-on'],
    ['none wanted', { ifNoneMatch: '*' }, 'not-modified', 'failed', 'go-on'],
    ['nonsense', { ifMatch: 'any' }, 'malformed', 'malformed', 'malformed'],
    ['half a tag', { ifNoneMatch: '"3' }, 'malformed', 'malformed', 'malformed'],
    ['too many', { ifMatch: '"1",'.repeat(65) }, 'malformed', 'malformed', 'malformed'],
  ] as const)('%s', (_name, conditions, read, write, absent) => {
    expect(judgeConditions(conditions, 3, true)).toBe(read);
    expect(judgeConditions(conditions, 3, false)).toBe(write);
    expect(judgeConditions(conditions, undefined, false)).toBe(absent);
  });
});

describe('§11.1 conflict reports', () => {
  it('are documents, whatever is said in them', () => {
    const phrase = `<&"'>\u0000\ud800${'x'.repeat(9_999)}`;
    const exists = [{ field: 'a/b/@c', alternatives: ['<x>', '2'] }];
    for (const conflict of [
      { kind: 'cannot-insert', phrase },
      { kind: 'no-parent', ancestor: '/a/~~/b%22' },
      { kind: 'no-parent' },
      { kind: 'uniqueness-failure', exists },
    ] as const) {
      const parsed = parseDocument(conflictXml(conflict));
      expect(parsed).toMatchObject({ ok: true, root: { uri: 'urn:ietf:params:xml:ns:xcap-error' } });
    }
    expect(conflictXml({ kind: 'uniqueness-failure', exists })).toContain(
      '<uniqueness-failure><exists field="a/b/@c"><alt-value>&lt;x&gt;</alt-value><alt-value>2</alt-value></exists></uniqueness-failure>',
    );
  });
});
