import { Edits } from '../message/edits.js';
import { parseMessage } from '../message/parse-message.js';
import fc from 'fast-check';
import { values } from '../fields/fields.js';
import { H } from '../message/header-table.js';
import { prepareRoute, restoreRequestUri, routeStrictly } from './route-set.js';

const request = (uri: string, routes: readonly string[]): Edits => {
  const parsed = parseMessage(
    `BYE ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n` +
      `From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 2 BYE\r\n` +
      `${routes.map((route) => `Route: ${route}\r\n`).join('')}Content-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return new Edits(parsed.message);
};

const told = (edits: Edits): string[] =>
  edits
    .render()
    .split('\r\n')
    .filter((line) => /^(?:BYE|Route)/.test(line));

const isOwn = (uri: string): boolean => uri.startsWith('sip:me');

describe('a strict router before', () => {
  it('has its Request-URI taken back from the end of the Route', () => {
    const edits = request('sip:me;lr', ['<sip:next;lr>', '<sip:b@10.0.0.2>']);
    expect(restoreRequestUri(edits, isOwn)).toBe('sip:b@10.0.0.2');
    expect(told(edits)).toEqual(['BYE sip:b@10.0.0.2 SIP/2.0', 'Route: <sip:next;lr>']);
  });

  it('may have left one Route value, or joined them', () => {
    const one = request('sip:me;lr', ['<sip:b@10.0.0.2;transport=tcp>;x=y']);
    restoreRequestUri(one, isOwn);
    expect(told(one)).toEqual(['BYE sip:b@10.0.0.2;transport=tcp SIP/2.0']);
    const joined = request('sip:me;lr', ['<sip:n1;lr>, <sip:n2;lr>, <sip:b@10.0.0.2>']);
    restoreRequestUri(joined, isOwn);
    expect(told(joined)).toEqual(['BYE sip:b@10.0.0.2 SIP/2.0', 'Route: <sip:n1;lr>', 'Route: <sip:n2;lr>']);
  });

  it.each([
    ['a Request-URI that is not ours', 'sip:b@10.0.0.2', ['<sip:me;lr>']],
    ['ours, but no Record-Route value', 'sip:me', ['<sip:me;lr>']],
    ['no Route', 'sip:me;lr', []],
    ['a last Route that is no URI', 'sip:me;lr', ['<sip:next;lr>', '<sip:a b>']],
  ])('was not there: %s', (_why, uri, routes) => {
    const edits = request(uri, routes);
    expect(restoreRequestUri(edits, isOwn)).toBe(uri);
    expect(told(edits)).toEqual([`BYE ${uri} SIP/2.0`, ...routes.map((route) => `Route: ${route}`)]);
  });
});

describe('a strict router behind', () => {
  it('gets itself as Request-URI, and the real one at the end of the Route', () => {
    const edits = request('sip:b@10.0.0.2', ['<sip:old:5070>', '<sip:next;lr>']);
    routeStrictly(edits, 'sip:b@10.0.0.2');
    expect(told(edits)).toEqual([
      'BYE sip:old:5070 SIP/2.0',
      'Route: <sip:next;lr>',
      'Route: <sip:b@10.0.0.2>',
    ]);
  });

  it('is not there when the next one is loose, or none', () => {
    for (const routes of [['<sip:next;lr>'], []]) {
      const edits = request('sip:b@10.0.0.2', routes);
      routeStrictly(edits, 'sip:b@10.0.0.2');
      expect(told(edits)[0]).toBe('BYE sip:b@10.0.0.2 SIP/2.0');
    }
  });
});

it('lets no fold of a Route into the request line', () => {
  const before = request('sip:me;lr', ['<sip:next;lr>', '<sip:b@x>\r\n ;x=y']);
  expect(restoreRequestUri(before, isOwn)).toBe('sip:b@x');
  const broken = request('sip:me;lr', ['<sip:b@x\r\n SIP/2.0>']);
  expect(restoreRequestUri(broken, isOwn)).toBe('sip:me;lr');
  const behind = request('sip:b@x', ['<sip:old\r\n SIP/2.0>']);
  routeStrictly(behind, 'sip:b@x');
  expect(told(behind)[0]).toBe('BYE sip:b@x SIP/2.0');
});

describe('prepareRoute', () => {
  it.each([
    ['nothing to do', 'sip:b@x', [], [], undefined, 'sip:b@x', []],
    ['own off', 'sip:b@x', ['<sip:me;lr>, <sip:tok@me:2;lr>', '<sip:next;lr>'], ['sip:me;lr', 'sip:tok@me:2;lr'], 'sip:next;lr', 'sip:b@x', ['<sip:next;lr>']],
    ['own off, none left', 'sip:b@x', ['<sip:me;lr>'], ['sip:me;lr'], undefined, 'sip:b@x', []],
    ['strict before', 'sip:me;lr', ['<sip:next;lr>', '<sip:b@x>'], ['sip:me;lr'], 'sip:next;lr', 'sip:b@x', ['<sip:next;lr>']],
    ['strict before, only the target left', 'sip:me;lr', ['<sip:b@x>'], ['sip:me;lr'], undefined, 'sip:b@x', []],
    ['strict before, own next too', 'sip:me;lr', ['<sip:me2;lr>', '<sip:b@x>'], ['sip:me;lr', 'sip:me2;lr'], undefined, 'sip:b@x', []],
    ['strict behind', 'sip:b@x', ['<sip:me;lr>', '<sip:old>', '<sip:next;lr>'], ['sip:me;lr'], 'sip:old', 'sip:old', ['<sip:next;lr>', '<sip:b@x>']],
    ['strict on both sides', 'sip:me;lr', ['<sip:old>', '<sip:b@x>'], ['sip:me;lr'], 'sip:old', 'sip:old', ['<sip:b@x>']],
  ])('%s', (_name, uri, routes, popped, next, requestUri, left) => {
    const edits = request(uri, routes);
    expect(prepareRoute(edits, { isOwn: mine })).toEqual({ popped, next, nextHopUri: next ?? requestUri });
    expect(told(edits)).toEqual([`BYE ${requestUri} SIP/2.0`, ...left.map((route) => `Route: ${route}`)]);
  }); // prettier-ignore

  const mine = (uri: string): boolean => /^sip:(?:\w+@)?me\d?\b/.test(uri);

  it('property: a request comes to its target by every hop, whichever of them route strictly', () => {
    const hop = fc.record({ loose: fc.boolean(), own: fc.boolean() });
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 6 }), (hops) => {
        const uris = hops.map(
          ({ loose, own }, n) => `sip:${own ? 'me' : 'h'}${n}${loose || own ? ';lr' : ''}`,
        );
        const edits = request(
          'sip:b@target',
          uris.map((uri) => `<${uri}>`),
        );
        const own = hops.findIndex((one) => !one.own);
        const left = own < 0 ? [] : uris.slice(own);
        const { popped, next, nextHopUri } = prepareRoute(edits, { isOwn: mine });
        expect(popped).toEqual(own < 0 ? uris : uris.slice(0, own));
        expect([next, nextHopUri]).toEqual([left[0], left[0] ?? 'sip:b@target']);
        // The hop behind a strict one sees itself as Request-URI, as RFC 2543 has it, and undoes it by §16.4 when it is loose.
        const sent = parseMessage(edits.render());
        if (!sent.ok) throw new Error(sent.reason);
        const strict = left[0] !== undefined && !left[0].endsWith(';lr');
        expect(sent.message.requestUri).toBe(strict ? left[0] : 'sip:b@target');
        const expected = strict ? [...left.slice(1), 'sip:b@target'] : left;
        expect(values(sent.message, H.Route)).toEqual(expected.map((uri) => `<${uri}>`));
      }),
    );
  });
});
