import type { SipMessage } from '../message/message.js';
import { parseMessage } from '../message/parse-message.js';
import { icidOf } from './charging-vector.js';

const requestWith = (vector: string | undefined): SipMessage => {
  const line = vector === undefined ? '' : `P-Charging-Vector: ${vector}\r\n`;
  const parsed = parseMessage(
    `INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n` +
      `Call-ID: 1\r\nCSeq: 1 INVITE\r\n${line}Content-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

it.each([
  ['icid-value=abc', 'abc'],
  ['icid-value=abc;icid-generated-at=h', 'abc'],
  ['icid-value=abc ; icid-generated-at=h', 'abc'],
  ['icid-value="a b";orig-ioi=x', 'a'],
  ['icid-value="abc"', 'abc'],
  ['ICID-Value = abc', 'abc'],
  ['orig-ioi=x; icid-value=abc', 'abc'],
  ['orig-ioi=x;my-icid-value=y', undefined],
  ['icid-value=', undefined],
  ['icid-value=;orig-ioi=x', undefined],
  [undefined, undefined],
])('finds the ICID in %s: %s', (vector, icid) => {
  expect(icidOf(requestWith(vector))).toBe(icid);
});
