import fc from 'fast-check';
import { headerParam, headerParams, quote, removeParam, unquote, withoutParams } from './params.js';

describe('headerParam', () => {
  it.each([
    ['<sip:a@b>;tag=1', 'tag', '1'],
    ['<sip:a@b;tag=no>;tag=1', 'tag', '1'],
    ['"x;tag=no" <sip:a@b>;tag=1', 'tag', '1'],
    ['"x\\";tag=no" <sip:a@b>;tag=1', 'tag', '1'],
    ['<sip:a@b>;x=";tag=no";tag=1', 'tag', '1'],
    ['<sip:a@b>;tagged=2;TAG = 1 ;x', 'tag', '1'],
    ['<sip:a@b> ;\r\n tag=1', 'tag', '1'],
    ['sip:a@b;tag=1', 'tag', '1'],
    ['<sip:a@b>;lr', 'lr', ''],
    ['<sip:a@b>;lr;x', 'lr', ''],
    ['<sip:a@b>;lr=', 'lr', ''],
    ['<sip:a@b>;+sip.instance="<urn:uuid:1;2>";reg-id=1', '+sip.instance', '<urn:uuid:1;2>'],
    ['<sip:a@b>;x="a\\"b\\\\c"', 'x', 'a"b\\c'],
    ['<sip:a@b;tag=no>', 'tag', undefined],
    ['<sip:a@b>', 'tag', undefined],
    ['"tag=1', 'tag', undefined],
    ['<sip:a@b;tag=1', 'tag', undefined],
    ['<sip:a@b>;atag=1', 'tag', undefined],
    ['', 'tag', undefined],
  ])('%s %s → %s', (value, name, expected) => expect(headerParam(value, name)).toBe(expected));
});

it('lists, removes and cuts parameters', () => {
  const value = '"a;b" <sip:a@b;lr>;Tag=1; Q = "x;y" ;lr';
  expect(headerParams(value)).toEqual([['tag', '1'], ['q', 'x;y'], ['lr', '']]); // prettier-ignore
  expect(removeParam(value, 'q')).toBe('"a;b" <sip:a@b;lr>;Tag=1;lr');
  expect(removeParam('<a>;x=1;y;x=2', 'x')).toBe('<a>;y');
  expect(removeParam('<a> ;x=1 ;y=\xa0\r\n ;x=2', 'x')).toBe('<a>;y=\xa0');
  expect(withoutParams(value)).toBe('"a;b" <sip:a@b;lr>');
});

describe('quoted strings', () => {
  it('undo each other', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(unquote(quote(text))).toBe(text)));
  });

  it('hold no control character that could end the line', () =>
    expect(quote('a\r\nEvil: 1\0')).toBe('"aEvil: 1"'));

  it('leaves alone what is not quoted, and is kind to what is not closed', () => {
    expect(unquote('token')).toBe('token');
    expect(unquote('"open')).toBe('open');
    expect(unquote('"')).toBe('');
    expect(unquote('""')).toBe('');
  });
});
