import { headerParam } from './params.js';
import { addrUri, formatNameAddr, parseNameAddr, tagOf } from './name-addr.js';

describe('parseNameAddr', () => {
  it.each([
    ['<sip:a@b>', '', 'sip:a@b', ''],
    ['<sip:a@b;lr>;tag=1', '', 'sip:a@b;lr', ';tag=1'],
    ['sip:a@b;tag=1', '', 'sip:a@b', ';tag=1'],
    ['sip:a@b', '', 'sip:a@b', ''],
    ['Alice<sip:a@b>', 'Alice', 'sip:a@b', ''],
    ['A. Bell <sip:a@b> ;tag=1', 'A. Bell', 'sip:a@b', ';tag=1'],
    ['"Bell, \\"A\\" <x>;y" <sip:a@b>;tag=1', 'Bell, "A" <x>;y', 'sip:a@b', ';tag=1'],
    ['""<sip:a@b>', '', 'sip:a@b', ''],
    [' < sip:a@b > ', '', 'sip:a@b', ''],
    ['"A"\r\n <sip:a@b>', 'A', 'sip:a@b', ''],
    ['<sip:a@b?x=y,z>', '', 'sip:a@b?x=y,z', ''],
    ['sip:a@b;x="<y>"', '', 'sip:a@b', ';x="<y>"'],
    ['*', '', '*', ''],
    ['tel:+1', '', 'tel:+1', ''],
  ])('%s', (text, displayName, uri, params) =>
    expect(parseNameAddr(text)).toEqual({ displayName, uri, params }),
  );

  it.each(['', ' ', '<>', '< >', '<sip:a@b', '"A <sip:a@b>', '"A"', '"A" sip:a@b', 'sip:a@b>', 'A, B <sip:a@b>', '<sip:a@b> x', '<sip:a@b>,<sip:c@d>', 'sip:a@b?x=y', 'sip:a b', 'A "B" <sip:a@b>', ';tag=1', '"A\\" <sip:a@b>', '<sip:a@b>;x="', 'sip:a@b;x="y\\"', '<sip:a@b>;x=<y', 'sip:a@b;<'])(
    'refuses %j', (text) => expect(parseNameAddr(text)).toBeUndefined()); // prettier-ignore
});

it.each([
  ['<sip:a@b;lr>;tag=1', 'sip:a@b;lr'],
  ['"x <y>" <sip:a@b>', 'sip:a@b'],
  ['<\u00a0sip:a@b >', '\u00a0sip:a@b'], // no white space of SIP's, though trim() takes it for some
  ['sip:a@b;tag="<x>"', 'sip:a@b'],
  ['sip:a@b', 'sip:a@b'],
  ['', ''],
])('addrUri %s', (text, uri) => expect(addrUri(text)).toBe(uri));

it.each([
  ['<sip:a@b>;tag=1', '1'],
  ['<sip:a@b;tag=2>', ''],
  ['sip:a@b;tag=1', '1'],
  ['"<sip:x>;tag=2" <sip:a@b>;tag=1', '1'],
  ['<sip:a@b>;x="<y>;tag=2"', ''],
  ['<sip:a@b>;tag=1;x', '1'],
  ['<sip:a@b>;TAG=1', '1'],
  ['"x" <sip:a@b>;tag=1', '1'],
  ['<sip:a@b>', ''],
  ['<sip:a@b>;x="<y>;tag=2', ''],
  ['Al <sip:a@b;lr>;tag=1', '1'],
  // What follows no grammar has one tag to all readers: that of the first parameter of this name.
  [';tag?>;tag=1', ''],
  ['sip:a@b;tag?>;tag=1', ''],
  ['sip:a@b;tag=<x>;tag=1', '<x>'],
])('tagOf %s', (text, tag) => {
  expect(tagOf(text)).toBe(tag);
  expect(headerParam(text, 'tag') ?? '').toBe(tag);
});

it('writes what it reads', () => {
  expect(formatNameAddr('sip:a@b')).toBe('<sip:a@b>');
  const text = formatNameAddr('sip:a@b', 'Al "x" \\ y', ';tag=1');
  expect(parseNameAddr(text)).toEqual({ displayName: 'Al "x" \\ y', uri: 'sip:a@b', params: ';tag=1' });
  expect(formatNameAddr('sip:a@b', 'A\r\nEvil: 1')).toBe('"A Evil: 1" <sip:a@b>');
});
