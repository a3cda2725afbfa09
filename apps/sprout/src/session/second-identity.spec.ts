import { Edits, parseMessage } from '#libs/sip';
import { headerLines } from '#libs/testkit';
import { assertBothForms } from './second-identity.js';

const TEL = 'tel:+12125550123';
const served = { impu: 'sip:a@ims.test', aor: 'sip:a@ims.test', registered: true, aliases: ['sip:a@ims.test', TEL], ccf: [], ecf: [] }; // prettier-ignore

const asserted = (...lines: readonly string[]): readonly string[] => {
  const parsed = parseMessage(
    `INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\n` +
      `CSeq: 1 INVITE\r\n${lines.map((line) => `P-Asserted-Identity: ${line}\r\n`).join('')}Content-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  const edits = new Edits(parsed.message);
  assertBothForms(parsed.message, edits, served, 'ims.test');
  return headerLines(edits.render(), 'P-Asserted-Identity');
};

it.each([
  ['<tel:+12125550123>', '<sip:+12125550123@ims.test;user=phone>'],
  ['<tel:+12125550123;x=1>', '<sip:+12125550123@ims.test;user=phone>'],
  ['<sip:+12125550123@IMS.test;user=phone>', `<${TEL}>`],
  // Not this user's as tel, not of this domain, no number.
  ['<sip:+12125550199@ims.test>', undefined],
  ['<sip:+12125550123@other.test>', undefined],
  ['<sip:a+b@ims.test>', undefined],
  ['<tel:5550123;phone-context=+1>', undefined],
  ['<sip:a@ims.test>', undefined],
])('%s is also %s', (one, other) => {
  expect(asserted(one)).toEqual(other === undefined ? [one] : [one, other]);
});

it('leaves two as they are, and none', () => {
  expect(asserted('<sip:+12125550123@ims.test>', '<tel:+12125550199>')).toHaveLength(2);
  expect(asserted('<sip:+12125550123@ims.test>, <tel:+12125550199>')).toHaveLength(1);
  expect(asserted()).toEqual([]);
});
