import { Edits } from '../message/edits.js';
import { parseMessage } from '../message/parse-message.js';
import { routeStrictly, undoStrictRouting } from './strict-routing.js';

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
    expect(undoStrictRouting(edits, isOwn)).toBe('sip:b@10.0.0.2');
    expect(told(edits)).toEqual(['BYE sip:b@10.0.0.2 SIP/2.0', 'Route: <sip:next;lr>']);
  });

  it('may have left one Route value, or joined them', () => {
    const one = request('sip:me;lr', ['<sip:b@10.0.0.2;transport=tcp>;x=y']);
    undoStrictRouting(one, isOwn);
    expect(told(one)).toEqual(['BYE sip:b@10.0.0.2;transport=tcp SIP/2.0']);
    const joined = request('sip:me;lr', ['<sip:n1;lr>, <sip:n2;lr>, <sip:b@10.0.0.2>']);
    undoStrictRouting(joined, isOwn);
    expect(told(joined)).toEqual(['BYE sip:b@10.0.0.2 SIP/2.0', 'Route: <sip:n1;lr>, <sip:n2;lr>']);
  });

  it.each([
    ['a Request-URI that is not ours', 'sip:b@10.0.0.2', ['<sip:me;lr>']],
    ['ours, but no Record-Route value', 'sip:me', ['<sip:me;lr>']],
    ['no Route', 'sip:me;lr', []],
  ])('was not there: %s', (_why, uri, routes) => {
    const edits = request(uri, routes);
    expect(undoStrictRouting(edits, isOwn)).toBe(uri);
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
