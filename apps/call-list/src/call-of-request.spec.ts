// Whose list a call is in, and what stands there of it: the other end's address of record, and nothing that is nobody's business.
import fc from 'fast-check';
import { callOf } from './call-of-request.js';

const request = (headers: Readonly<Record<string, string>>, uri = 'sip:bob@ims.test') => ({
  uri,
  get: (name: string): string | undefined => headers[name],
});
const FROM = '"A" <sip:alice@ims.test>;tag=1';
const from = { From: FROM, To: '<sip:bob@ims.test>', 'P-Asserted-Identity': '<sip:alice@ims.test>,<tel:+1>' };
const toBob = { ...from, 'P-Served-User': '<sip:bob@ims.test>;sescase=term;regstate=reg' };
const byAlice = { ...from, 'P-Served-User': '<sip:alice@ims.test>;sescase=orig;regstate=reg' };
const dataOf = (headers: Readonly<Record<string, string>>, uri?: string) =>
  callOf(request(headers, uri), 'c1', 5)?.data;
const incoming = { impu: 'sip:bob@ims.test', direction: 'incoming', call: 'c1', atMs: 5 };
const ofAlice = { ...incoming, party: 'sip:alice@ims.test' };
const outgoing = { ...incoming, impu: 'sip:alice@ims.test', direction: 'outgoing' };

it.each([
  ['an incoming call', toBob, undefined, ofAlice],
  ['one without privacy', { ...toBob, Privacy: 'none' }, undefined, ofAlice],
  ['one from elsewhere', { From: FROM, To: '<sip:bob@ims.test>' }, undefined, ofAlice],
  ['a private caller', { ...toBob, Privacy: 'user;id' }, undefined, incoming],
  ['one whose privacy is history', { ...toBob, Privacy: 'history' }, undefined, incoming],
  [
    'one without a name',
    { From: '<sip:anonymous@anonymous.invalid>;tag=1', To: '<sip:bob@ims.test>' },
    undefined,
    incoming,
  ],
  ['an outgoing call', byAlice, undefined, { ...outgoing, party: 'sip:bob@ims.test' }],
  ['an outgoing call of who is private', { ...byAlice, Privacy: 'id' }, undefined, { ...outgoing, party: 'sip:bob@ims.test' }],
  ['a number', byAlice, 'tel:+1-555-1234', { ...outgoing, party: 'tel:+15551234' }],
  ['a service', byAlice, 'urn:service:sos', { ...outgoing, party: 'urn:service:sos' }],
  ['what is no address', byAlice, 'https://a.test', outgoing],
])('lists %s', (_what, headers, uri, data) => expect(dataOf(headers, uri)).toEqual(data)); // prettier-ignore

it('is nobody’s where nobody is named', () => {
  expect(dataOf({ From: FROM, To: 'mailto:x@y' })).toBeUndefined();
  expect(dataOf({ ...toBob, 'P-Served-User': `<sip:${'b'.repeat(300)}@t>`, To: '' })).toBeUndefined();
});

it('notes no password, no parameter and no header of a URI', () => {
  const uri = 'sip:bob:pa55word@ims.test;token=s3cret?Authorization=Digest%20s3cret';
  expect(JSON.stringify(dataOf(byAlice, uri))).not.toMatch(/pa55word|s3cret|Digest/);
  const caller = { ...toBob, 'P-Asserted-Identity': `<${uri.replace('bob', 'alice')}>` };
  expect(dataOf(caller)).toEqual(ofAlice);
});

it('takes whatever a caller writes', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, text, (served, identity, privacy, uri) => {
      const headers = { From: identity, To: served, 'P-Served-User': served, 'P-Asserted-Identity': identity, Privacy: privacy }; // prettier-ignore
      expect(() => dataOf(headers, uri)).not.toThrow();
    }),
  );
});
