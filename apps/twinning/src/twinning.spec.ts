// Whom a call to a number with two devices rings: preferences of RFC 3841, in order and at once, and what nobody should have written.
import fc from 'fast-check';
import { type Asked, numberCalled, parseTwins, ringingOf } from './twinning.js';

const NUMBER = 'sip:bob@ims.test';
const TWIN = 'sip:bob-mobile@ims.test';
const asked = (headers: Readonly<Record<string, string>> = {}, uri = NUMBER): Asked => ({
  uri,
  get: (name) => headers[name],
});
const rung = (accept?: string, reject?: string, disposition?: string) => {
  const headers = { 'Accept-Contact': accept, 'Reject-Contact': reject, 'Request-Disposition': disposition };
  const given = Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))); // prettier-ignore
  const { destinations, together } = ringingOf(asked(given), TWIN);
  return [...destinations, together];
};

it.each([
  [undefined, undefined, undefined, [NUMBER, TWIN, true]],
  ['*;mobility="mobile"', undefined, undefined, [TWIN, NUMBER, false]],
  ['*;mobility="mobile"', undefined, 'parallel', [TWIN, NUMBER, true]],
  ['*;mobility="mobile"', undefined, 'no-fork', [TWIN, false]],
  [undefined, undefined, 'no-fork', [NUMBER, true]],
  [undefined, undefined, 'Sequential', [NUMBER, TWIN, false]],
  ['*;mobility="mobile";require', undefined, undefined, [TWIN, true]],
  ['*;mobility="!mobile";require', undefined, undefined, [NUMBER, true]],
  ['*;mobility="mobile,fixed";require', undefined, undefined, [NUMBER, TWIN, true]],
  ['*;mobility="fixed";require', undefined, undefined, [NUMBER, true]],
  ['*;mobility="fixed";require, *;mobility="mobile";require', undefined, undefined, [true]],
  [undefined, '*;mobility="mobile"', undefined, [NUMBER, true]],
  [undefined, '*;mobility="mobile";video', undefined, [NUMBER, TWIN, true]],
  [undefined, '*;mobility="fixed"', undefined, [TWIN, true]],
  ['*;audio;require', '*;video', undefined, [NUMBER, TWIN, true]],
  ['*;mobility="flying"', '"', undefined, [NUMBER, TWIN, true]],
])('Accept-Contact %s, Reject-Contact %s, Request-Disposition %s ring %j', (accept, reject, wish, expected) =>
  expect(rung(accept, reject, wish)).toEqual(expected),
);

it('rings the number alone where it has no twin, whatever is preferred', () =>
  expect(ringingOf(asked({ 'Accept-Contact': '*;mobility="mobile";require' }), undefined).destinations).toEqual([
    NUMBER,
  ])); // prettier-ignore

it('rings nobody but the two, and none twice, whatever the headers say', () => {
  const text = fc.string({ unit: fc.constantFrom('*', ';', '"', ',', '!', '=', '\\', '<', '>', ' ', 'mobility', 'mobile', 'fixed', 'require') }); // prettier-ignore
  fc.assert(
    fc.property(text, text, text, (accept, reject, disposition) => {
      const destinations = rung(accept, reject, disposition).slice(0, -1);
      expect(destinations.filter((one) => one !== NUMBER && one !== TWIN)).toEqual([]);
      expect(new Set(destinations).size).toBe(destinations.length);
    }),
  );
});

it.each([
  [undefined, NUMBER],
  ['<sip:BOB@ims.test>;sescase=term;regstate=reg', 'sip:BOB@ims.test'],
  ['<tel:+1-555-1234>;sescase=term', 'tel:+15551234'],
  ['<sip:bob@ims.test>;sescase=orig;regstate=reg', undefined],
  ['<sip:bob@ims.test>;orig-cdiv', undefined],
])('P-Served-User %s: %s is called', (served, number) =>
  expect(numberCalled(asked(served === undefined ? {} : { 'P-Served-User': served }))).toBe(number),
);

it('reads pairs, and says what is none', () => {
  expect(parseTwins(['SIPS:bob@IMS.test;user=phone=sip:m@ims.test', 'tel:+1-5=sip:n@ims.test'])).toEqual(
    new Map([
      [NUMBER, 'sip:m@ims.test'],
      ['tel:+15', 'sip:n@ims.test'],
    ]),
  );
  for (const pairs of [
    ['sip:a@b'],
    ['sip:a@b=tel:+1'],
    ['=sip:a@b'],
    [''],
    ['sip:a@b=sip:b'],
    ['sip:a@b=sip:b@c', 'sip:a@B=sip:d@c'],
    ['sip:a@b=sip:c@d', 'sip:c@d=sip:a@b'],
  ])
    // prettier-ignore
    expect(parseTwins(pairs)).toEqual(expect.any(String));
});
