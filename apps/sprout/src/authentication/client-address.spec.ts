// Whose failures are counted: the address that the edge saw, never one that the client wrote.
import { parseMessage, type Flow } from '#libs/sip';
import { clientAddress } from './client-address.js';

const EDGE = 'SIP/2.0/TCP bono.ims.test:5058;branch=z9hG4bK1';

const addressOf = (...vias: string[]): string => {
  const parsed = parseMessage(
    `REGISTER sip:ims.test SIP/2.0\r\n${vias.map((via) => `Via: ${via}\r\n`).join('')}` +
      'From: <sip:a@ims.test>;tag=1\r\nTo: <sip:a@ims.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n' +
      'Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n',
  );
  if (!parsed.ok) throw new Error('bad request in the test');
  const flow: Pick<Flow, 'remoteAddress'> = { remoteAddress: '127.0.0.1' };
  return clientAddress({ request: parsed.message, flow: flow as Flow });
};

it('is what the edge received from', () => {
  expect(addressOf(EDGE, 'SIP/2.0/UDP phone.example;branch=z9hG4bK2;received=192.0.2.7')).toBe('192.0.2.7');
});

it('is sent-by when the edge found it to be true', () => {
  expect(addressOf(EDGE, 'SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bK2')).toBe('192.0.2.8');
});

it('is never what the client wrote into a Via of its own invention below', () => {
  const own = 'SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK2';
  expect(addressOf(EDGE, own, 'SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK3;received=203.0.113.9')).toBe(
    '192.0.2.8',
  );
});

it('is the peer when nobody stands between, or nothing that is an address', () => {
  expect(addressOf(EDGE)).toBe('127.0.0.1');
  expect(addressOf(EDGE, 'SIP/2.0/UDP phone.example;branch=z9hG4bK2')).toBe('127.0.0.1');
});

it('is one for all addresses of an IPv6 line', () => {
  const seen = (address: string) => addressOf(EDGE, `SIP/2.0/UDP x;branch=z9hG4bK2;received=${address}`);
  expect(seen('2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64');
  expect(seen('[2001:db8:1:2::ffff]')).toBe('2001:db8:1:2::/64');
  expect(seen('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
  expect(seen('2001:db8::1')).toBe('2001:db8:0:0::/64');
});
