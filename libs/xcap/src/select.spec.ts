// RFC 4825 §6.3, §6.4, §10: what a node selector takes.
import { parseBindings, parseNodeSelector } from './node-selector.js';
import { type Asked, got } from './xcap.fixture.js';

const WATCHERS = `<?xml version="1.0"?>
<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo"
             version="0" state="full">
  <watcher-list resource="sip:professor@example.net"
                package="presence">
    <watcher status="active"
             id="8ajksjda7s"
             duration-subscribed="509"
             event="approved">sip:userA@example.net</watcher>
    <!-- <watcher/> -->
    <watcher status="pending" id='hh8juja87s997-ass7'
             display-name="Mr. &quot;Subscriber&#34; /x]"
             event="subscribe">sip:userB@example.org</watcher>
  </watcher-list>
</watcherinfo>`;
const NAMESPACE = 'urn:ietf:params:xml:ns:watcherinfo';
const watchers = (text: string, asked: Asked = {}): string =>
  got(WATCHERS, text, { namespace: NAMESPACE, ...asked });

describe('§6.3 node selector', () => {
  it.each([
    ['by name and attribute', 'watcherinfo/watcher-list/watcher[@id="8ajksjda7s"]', /^<watcher status="active"[^]*userA@example.net<\/watcher>$/],
    ['by name alone', 'watcherinfo/watcher-list', /^<watcher-list [^]*<\/watcher-list>$/],
    ['by position', 'watcherinfo/watcher-list/watcher[2]', /userB/],
    ['by position and attribute', "watcherinfo/*/watcher[2][@id='hh8juja87s997-ass7']", /userB/],
    ['by a wildcard', '*/*/*[1]', /userA/],
    ['by a value with quotes, slash and bracket', `watcherinfo/watcher-list/watcher[@display-name='Mr. "Subscriber" /x]']`, /userB/],
    ['by a value with references', 'watcherinfo/watcher-list/watcher[@display-name="Mr. &quot;Subscriber&quot; /x]"]', /userB/],
    ['an attribute, its quotes with it', 'watcherinfo/watcher-list/watcher[2]/@id', /^'hh8juja87s997-ass7'$/],
    ['the namespaces', 'watcherinfo/watcher-list/namespace::*', /^<watcher-list xmlns="urn:ietf:params:xml:ns:watcherinfo"\/>$/],
  ])('takes a node %s', (_name, text, expected) => {
    expect(watchers(text)).toMatch(expected);
  });

  it.each([
    ['another name', 'watcherinfo/nobody', 'no-match'],
    ['another root', 'nobody', 'no-match'],
    ['a place beyond the last', 'watcherinfo/watcher-list/watcher[3]', 'no-match'],
    ['place 0', 'watcherinfo/watcher-list/watcher[0]', 'no-match'],
    ['a place whose attribute differs', 'watcherinfo/watcher-list/watcher[1][@status="pending"]', 'no-match'],
    ['an attribute that is not there', 'watcherinfo/@nothing', 'no-match'],
    ['a namespace declaration, which is no attribute', `watcherinfo[@xmlns="${NAMESPACE}"]`, 'no-match'],
    ['a declaration as an attribute', 'watcherinfo/@xmlns', 'no-match'],
    ['more than one element', 'watcherinfo/watcher-list/watcher', 'invalid'],
    ['more than one by wildcard', 'watcherinfo/watcher-list/*', 'invalid'],
    ['a step behind more than one', 'watcherinfo/watcher-list/*/x', 'invalid'],
    ['a comment', 'watcherinfo/watcher-list/watcher[2]/watcher', 'no-match'],
  ])('takes nothing by %s', (_name, text, expected) => {
    expect(watchers(text)).toBe(expected);
  });

  it.each(['', 'a/', 'a[', 'a[x]', 'a[1][2]', 'a[@b="c"][1]', 'id("x")', 'a//b', 'a[@b=c]', '@a', 'a/text()', 'a/@*', '../a', 'a:b:c', 'a[@b="&nope;"]', 'a[@b="&toString;"]', 'a[@b="&valueOf;"]', 'a/b'.repeat(99)])(
    'does not know the extension %s',
    (text) => {
      expect(parseNodeSelector(text, new Map(), '')).toEqual(text === 'a/' ? expect.objectContaining({ ok: true }) : { ok: false, fault: 'unknown' });
    },
  );
}); // prettier-ignore

describe('§6.4 namespace bindings of the selector', () => {
  const FOO = `<?xml version="1.0"?>
  <foo xmlns="urn:test:default-namespace">
    <ns1:bar xmlns:ns1="urn:test:namespace1-uri"
             xmlns="urn:test:namespace1-uri">
      <baz/>
      <ns2:baz xmlns:ns2="urn:test:namespace2-uri"/>
    </ns1:bar>
    <ns3:hi xmlns:ns3="urn:test:namespace3-uri">
      <there/>
    </ns3:hi>
  </foo>`;
  const namespace = 'urn:test:default-namespace';

  it.each([
    ['foo/a:bar/b:baz', 'xmlns(a=urn:test:namespace1-uri)xmlns(b=urn:test:namespace1-uri)', '<baz/>'],
    ['foo/a:bar/b:baz', 'xmlns(a=urn:test:namespace1-uri) xmlns(b=urn:test:namespace2-uri)', '<ns2:baz xmlns:ns2="urn:test:namespace2-uri"/>'],
    ['d:foo/a:bar/b:baz', 'xmlns(a=urn:test:namespace1-uri)xmlns(b=urn:test:namespace2-uri)xmlns(d=urn:test:default-namespace)', '<ns2:baz xmlns:ns2="urn:test:namespace2-uri"/>'],
    ['foo/a:bar', 'element(/1)xmlns(a=urn:test:namespace1-uri)xpath(a(b)c)', /^<ns1:bar/],
    ['foo/bar', '', 'no-match'],
  ])('%s with %s', (text, query, expected) => {
    const shown = got(FOO, text, { namespace, query });
    if (typeof expected === 'string') expect(shown).toBe(expected);
    else expect(shown).toMatch(expected);
  });

  it('reads escapes, and refuses what does not end', () => {
    expect([...(parseBindings('xmlns(a=urn:x^(y^)^^)') ?? [])]).toEqual([['a', 'urn:x(y)^']]);
    expect(parseBindings('xmlns(a=urn:x')).toBeUndefined();
    expect(parseBindings('nothing')).toBeUndefined();
    expect(parseBindings('')?.size).toBe(0);
  });

  it('knows no prefix that the query does not declare', () => {
    for (const text of ['p:a', 'a/@p:b', 'a[@p:b="c"]'])
      expect(parseNodeSelector(text, new Map(), '')).toEqual({ ok: false, fault: 'unbound' });
  });

  it('§10: shows what is in scope, the default too', () => {
    const query = 'xmlns(df=urn:test:default-namespace)xmlns(df2=urn:test:namespace1-uri)';
    expect(got(FOO, 'df:foo/df2:bar/df2:baz/namespace::*', { query })).toBe(
      '<baz xmlns="urn:test:namespace1-uri" xmlns:ns1="urn:test:namespace1-uri"/>',
    );
  });
}); // prettier-ignore
