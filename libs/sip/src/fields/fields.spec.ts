import { acceptsType, firstValue, hasOption, maxForwards, mediaTypeOf, optionTags, parseCSeq, parseSeconds, secondsOf, SECONDS_MAX, splitValues, unfold, values } from './fields.js'; // prettier-ignore
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { parseMessage } from '../message/parse-message.js';

const message = (...lines: string[]): SipMessage => {
  const head = ['OPTIONS sip:x SIP/2.0', 'Via: SIP/2.0/UDP h', 'From: <sip:a>', 'To: <sip:b>', 'Call-ID: 1', 'CSeq: 1 OPTIONS'];
  const result = parseMessage([...head, ...lines, '', ''].join('\r\n'));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}; // prettier-ignore

it.each([
  ['a', ['a']],
  ['a,b , c', ['a', 'b', 'c']],
  [' ,,a,\r\n ,b, ', ['a', 'b']],
  ['"x,\\",y" <sip:a,b>;p="q,r", <z>', ['"x,\\",y" <sip:a,b>;p="q,r"', '<z>']],
  ['"open, b', ['"open, b']],
  ['<open, b', ['<open, b']],
  ['', []],
])('splitValues %j', (text, expected) => expect(splitValues(text)).toEqual(expected));

it('splits long values the same way', () => {
  const list = Array.from({ length: 2_000 }, (_, n) => `"a,${n}" <sip:x,${n}>`);
  expect(splitValues(list.join(','))).toEqual(list);
});

it('reads values over all lines', () => {
  const found = message('Route: <a>,<b>', 'X: 1', 'ROUTE:', 'route: ,<c>');
  expect(values(found, H.Route)).toEqual(['<a>', '<b>', '<c>']);
  expect(values(found, H.Path)).toEqual([]);
  expect(firstValue(found, H.Route)).toBe('<a>');
  expect(firstValue(message('Route:', 'Route: , <z> '), H.Route)).toBe('<z>');
  expect(firstValue(found, H.Path)).toBeUndefined();
});

it('unfolds', () => expect(unfold('a \r\n\t b\r\n c')).toBe('a b c'));

it.each([
  ['1 INVITE', { number: 1, method: 'INVITE' }],
  ['0009\r\n  FOO ', { number: 9, method: 'FOO' }],
  ['2147483648 INVITE', undefined],
  ['INVITE', undefined],
  ['1', undefined],
  ['1 IN VITE', undefined],
])('parseCSeq %j', (text, expected) => expect(parseCSeq(text)).toEqual(expected));

it.each([
  ['0', 0], ['3600', 3600], ['18000;duration=3600', 18000], ['120 (in a meeting)', 120], ['120(x)', 120],
  ['4294967296', SECONDS_MAX], ['9'.repeat(400), SECONDS_MAX],
  ['', undefined], ['-1', undefined], ['x', undefined], ['1x', undefined], ['1.5', undefined], [' 1', undefined],
] as const)('parseSeconds %j', (text, expected) => expect(parseSeconds(text)).toBe(expected)); // prettier-ignore

it('reads numbers of a message', () => {
  expect(secondsOf(message('Expires: 60'), H.Expires)).toBe(60);
  expect(secondsOf(message('Expires: soon'), H.Expires)).toBeUndefined();
  expect(secondsOf(message(), H.Expires)).toBeUndefined();
  expect(maxForwards(message('Max-Forwards: 0068'))).toBe(68);
  expect(maxForwards(message())).toBeUndefined();
});

it('finds option tags as wholes, in any line and case', () => {
  const found = message('k: Path, gruu', 'Supported: ,outbound ');
  for (const tag of ['path', 'gruu', 'GRUU', 'outbound']) expect([tag, hasOption(found, H.Supported, tag)]).toEqual([tag, true]);
  for (const tag of ['pat', 'paths', 'out', '100rel', '']) expect([tag, hasOption(found, H.Supported, tag)]).toEqual([tag, false]);
  expect(optionTags(found, H.Supported)).toEqual(['path', 'gruu', 'outbound']);
}); // prettier-ignore

it('judges media types by the most precise range', () => {
  const sdp = 'application/sdp';
  expect(mediaTypeOf('Application / SDP ;charset=x')).toBe(sdp);
  expect(acceptsType(message(), sdp, true)).toBe(true);
  expect(acceptsType(message(), sdp, false)).toBe(false);
  expect(acceptsType(message('Accept: text/plain', 'Accept: Application/SDP;level=1'), sdp, false)).toBe(
    true,
  );
  expect(acceptsType(message('Accept: application/*'), sdp, false)).toBe(true);
  expect(acceptsType(message('Accept: */*;q=0.1'), sdp, false)).toBe(true);
  expect(acceptsType(message('Accept: */*, application/sdp;q=0.0'), sdp, false)).toBe(false);
  expect(acceptsType(message('Accept: text/plain'), sdp, true)).toBe(false);
  expect(acceptsType(message('Accept:'), sdp, true)).toBe(false);
});
