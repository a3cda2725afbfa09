// The quick look must never say yes where the parsers say no.
import fc from 'fast-check';
import { parseNameAddr } from '../fields/name-addr.js';
import { parseUri } from '../fields/uri.js';
import { parseVia } from '../fields/via.js';
import { splitValues } from '../fields/fields.js';
import { isUsualAddress, isUsualCallId, isUsualVia } from './usual-form.js';

const addressHolds = (value: string): boolean => {
  const [only, ...others] = splitValues(value);
  const address = only === undefined ? undefined : parseNameAddr(only);
  return others.length === 0 && address !== undefined && parseUri(address.uri).ok;
};
const usualAddress = (value: string): boolean => isUsualAddress(value, 0, value.length);
const usualVia = (value: string): boolean => isUsualVia(value, 0, value.length);

/** Pieces that make nearly valid values. */
const pieces = (...some: string[]) =>
  fc.array(fc.constantFrom(...some), { minLength: 1, maxLength: 14 }).map((parts) => parts.join(''));
const ADDRESS_PIECES = ['<sip:', 'sip:', 'alice', '@', 'ims.test', ':', '5060', '65536', '0', ';', 'lr', '=', 'x', '>', '<', '"', ',', ' ', '.', '-', '%', '?', '\r\n ', '[::1]', ';tag=1']; // prettier-ignore
const VIA_PIECES = [
  'SIP/2.0/',
  'UDP',
  ' ',
  'a.test',
  '10.0.0.1',
  ':',
  '5060',
  ';',
  'branch=z9hG4bK1',
  'rport',
  '=',
  ',',
  '-',
  '.',
  '"',
  '[::1]',
  '99999',
];

describe('the usual form of addresses and Vias', () => {
  it.each([
    '<sip:alice@ims.test>',
    '<sip:alice@ims.test>;tag=1928301774',
    '<sip:ims.test>',
    '<sip:127.0.0.1:5058;transport=tcp;lr;orig>',
    '<sip:alice@10.0.0.1:16060;ob>;+sip.instance="<urn:uuid:00000000-0000-4000-8000-0000000000a1>";reg-id=1',
  ])('knows %s', (value) => {
    expect(usualAddress(value)).toBe(true);
    expect(addressHolds(value)).toBe(true);
  });

  it.each([
    'sip:alice@ims.test',
    '"Alice" <sip:alice@ims.test>',
    '<sips:alice@ims.test>',
    '<sip:a@b>, <sip:c@d>',
    '<sip:@ims.test>',
    '<sip:alice@>',
    '<sip:alice@ims..test>',
    '<sip:alice@ims.test:0>',
    '<sip:alice@ims.test:65536>',
    '<sip:alice@ims.test:123456>',
    '<sip:alice@ims.test;=x>',
    '<sip:alice@ims.test',
    '<sip:alice@ims.test>x',
    '<sip:alice@ims.test>;x="',
    '<sip:alice@ims.test>;x=<y',
    '*',
    '',
  ])('leaves %s to the parsers', (value) => {
    expect(usualAddress(value)).toBe(false);
  });

  it('knows the Via of a phone, and leaves others to the parser', () => {
    expect(usualVia('SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-776asdhds-1-0')).toBe(true);
    expect(usualVia('SIP/2.0/UDP [::1]:5060;branch=z9hG4bK1')).toBe(false);
    expect(usualVia('SIP/2.0/UDP a.test;branch=z9hG4bK1, SIP/2.0/UDP b.test')).toBe(false);
    expect(usualVia('SIP / 2.0 / UDP a.test')).toBe(false);
  });

  it.each(['\v', '\f', '\u00a0', ' ', '\t', '\u007f'])('leaves a Call-ID with %j to the parser', (space) => {
    expect(isUsualCallId(`a${space}b`, 0, 3)).toBe(false);
    expect(isUsualCallId('a84b4c@10.0.0.1', 0, 15)).toBe(true);
  });

  it('never says yes where the parsers say no', () => {
    fc.assert(
      fc.property(pieces(...ADDRESS_PIECES), (value) => !usualAddress(value) || addressHolds(value)),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(pieces(...VIA_PIECES), (value) => !usualVia(value) || parseVia(value) !== undefined),
      { numRuns: 5_000 },
    );
  });
});
