// Which Request-URIs are telephone numbers (RFC 3966, RFC 3261 §19.1.6, RFC 4694; sip.md §3.2).
import { calledNumber } from './called-number.js';

const SETTINGS = {
  homeDomain: 'ims.test',
  enforceUserPhone: false,
  enforceGlobalOnlyLookups: false,
  overrideNpdi: false,
};

it.each([
  ['tel:+1-555-(12)34', '+15551234'],
  ['tel:118;phone-context=ims.test', '118'],
  ['tel:0A*#;phone-context=+1', '0a*#'],
  ['sip:+1-555-1234@other.test;user=phone', '+15551234'],
  ['sip:%2B15551234@ims.test;user=PHONE', '+15551234'],
  ['sip:+15551234;ext=5@ims.test;user=phone', '+15551234'],
  ['sip:15551234@ims.test', '15551234'],
  ['sips:+15551234@ims.test', '+15551234'],
  // Digits of another domain are that domain's users, and a GRUU is an address of one device.
  ['sip:15551234@other.test', undefined],
  ['sip:15551234@ims.test;gr=urn:uuid:1', undefined],
  ['sip:abc@ims.test', undefined],
  ['sip:bob@ims.test;user=phone', undefined],
  ['sip:ims.test', undefined],
  ['urn:service:sos', undefined],
  ['sip:', undefined],
])('%s is the number %s', (uri, number) => {
  expect(calledNumber(uri, SETTINGS)?.number).toBe(number);
});

it('takes digits for a name where numbers must say that they are', () => {
  const strict = { ...SETTINGS, enforceUserPhone: true };
  expect(calledNumber('sip:15551234@ims.test', strict)).toBeUndefined();
  expect(calledNumber('sip:15551234@ims.test;user=phone', strict)?.isGlobal).toBe(false);
  expect(calledNumber('tel:+1', strict)?.isGlobal).toBe(true);
});

it.each([
  ['tel:+15551234;npdi;rn=+1-222-3333', '+12223333', true],
  ['tel:+15551234;npdi', undefined, true],
  ['tel:+15551234;RN=+1222', '+1222', false],
  ['sip:+15551234;rn=+1222;npdi@ims.test;user=phone', '+1222', true],
  // Of the URI, not of the number.
  ['sip:+15551234@ims.test;user=phone;npdi;rn=+1222', undefined, false],
  ['tel:+15551234;rn=nowhere', undefined, false],
])('%s was ported to %s', (uri, rn, npdi) => {
  expect(calledNumber(uri, SETTINGS)).toMatchObject({ rn, npdi });
});
