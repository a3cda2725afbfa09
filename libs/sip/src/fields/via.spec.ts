import { parseMessage } from '../message/parse-message.js';
import { parseVia, receivedVia, viaBranch } from './via.js';

const PLAIN = {
  port: 0,
  branch: '',
  received: undefined,
  rport: undefined,
  maddr: undefined,
  ttl: undefined,
  alias: false,
  keep: false,
};

describe('parseVia', () => {
  it.each([
    ['SIP/2.0/UDP h', { transport: 'UDP', host: 'h' }],
    ['SIP / 2.0 /\r\n  tcp   H.Example.com : 5061 ; branch = z9hG4bK1', { transport: 'TCP', host: 'h.example.com', port: 5061, branch: 'z9hG4bK1' }],
    ['SIP/2.0/WS [2001:DB8::1]:80;rport;alias;keep', { transport: 'WS', host: '[2001:db8::1]', port: 80, rport: 0, alias: true, keep: true }],
    ['SIP/2.0/UDP h;received=192.0.2.1;rport=5070;maddr=239.0.0.1;ttl=16', { transport: 'UDP', host: 'h', received: '192.0.2.1', rport: 5070, maddr: '239.0.0.1', ttl: 16 }],
    ['SIP/2.0/UDP h;x=";branch=no";branch=1', { transport: 'UDP', host: 'h', branch: '1' }],
    ['SIP/2.0/UNKNOWN h;RPORT=x', { transport: 'UNKNOWN', host: 'h', rport: 0 }],
  ])('%s', (text, expected) => expect(parseVia(text)).toEqual({ ...PLAIN, ...expected })); // prettier-ignore

  it.each(['', 'SIP/2.0/UDP', 'SIP/2.0 h', 'SIP/2.0/UDPh', 'SIP/2.0/UDP ;branch=1', 'SIP/2.0/UDP h:x', 'SIP/2.0/UDP h:70000', 'SIP/2.0/UDP h g', 'SIP/2.0/UDP [::1', '/2.0/UDP h', ';;,;', 'SIP/2.0/UDP x<', 'SIP/2.0/UDP a@b', 'SIP/2.0/UDP "h"', 'SIP/2.0/UDP h%00', 'SIP/2.0/UDP [::g]:5060', 'SIP/2.0/UDP [x', 'SIP/2.0/UDP ?;branch=1'])(
    'refuses %j', (text) => expect(parseVia(text)).toBeUndefined()); // prettier-ignore
});

describe('viaBranch', () => {
  const branch = (via: string): string => {
    const result = parseMessage(`OPTIONS sip:x SIP/2.0\r\n${via}\r\nFrom: <sip:a>;branch=no\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`);
    if (!result.ok) throw new Error(result.reason);
    return viaBranch(result.message);
  }; // prettier-ignore

  it.each([
    ['Via: SIP/2.0/UDP h;branch=z9hG4bK1;rport', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h;rport;branch=z9hG4bK1', 'z9hG4bK1'],
    ['v: SIP/2.0/UDP h;branch=z9hG4bK1,SIP/2.0/UDP g;branch=2', 'z9hG4bK1'],
    ['v: SIP/2.0/UDP h;branch=z9hG4bK1 , SIP/2.0/UDP g;branch=2', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h,SIP/2.0/UDP g;branch=2', ''],
    ['Via: SIP/2.0/UDP h\r\nVia: SIP/2.0/UDP g;branch=2', ''],
    ['Via: SIP/2.0/UDP h; BRANCH = z9hG4bK1 ;x', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h;x=";branch=no";branch=z9hG4bK1', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h;branch= z9hG4bK1', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h;branch="q,r";x', 'q,r'],
    ['Via: SIP/2.0/UDP h;branch=', ''],
    ['Via: , SIP/2.0/UDP h;branch=z9hG4bK1', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h;branch;branch=z9hG4bK2', ''],
    ['Via: SIP/2.0/UDP h;Branch=z9hG4bK1;branch=z9hG4bK2', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h; branch=z9hG4bK1;branch=z9hG4bK2', 'z9hG4bK1'],
    ['Via: SIP/2.0/UDP h;branchy=1;branch=z9hG4bK2', 'z9hG4bK2'],
    ['Via: SIP/2.0/UDP h;x=<;branch=1>;branch=z9hG4bK2', 'z9hG4bK2'],
    ['Via: SIP/2.0/UDP h;branch=<a;b>', '<a;b>'],
  ])('%s → %s', (via, expected) => expect(branch(via)).toBe(expected));
});

describe('receivedVia', () => {
  it.each([
    ['SIP/2.0/UDP h;rport;branch=1', 'SIP/2.0/UDP h;rport=99;branch=1;received=1.2.3.4'],
    ['SIP/2.0/UDP h;branch=1', 'SIP/2.0/UDP h;branch=1;received=1.2.3.4'],
    ['SIP/2.0/UDP h', 'SIP/2.0/UDP h;received=1.2.3.4'],
    [
      'SIP/2.0/UDP h;Received=6.6.6.6;branch=1; rPort = 1',
      'SIP/2.0/UDP h;branch=1; rport=99;received=1.2.3.4',
    ],
    ['SIP/2.0/UDP h;rports=1;x=";rport"', 'SIP/2.0/UDP h;rports=1;x=";rport";received=1.2.3.4'],
  ])('%s', (via, expected) => expect(receivedVia(via, '1.2.3.4', 99)).toBe(expected));

  it('does what it is asked only', () => {
    expect(receivedVia('V h;rport;received=1', undefined, 5)).toBe('V h;rport=5;received=1');
    expect(receivedVia('V h;rport', '1.2.3.4', undefined)).toBe('V h;rport;received=1.2.3.4');
  });
});
