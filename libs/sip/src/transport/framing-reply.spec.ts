import { framingReply } from './framing-reply.js';

const head =
  'INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nv: SIP/2.0/UDP c;branch=z9hG4bK2\r\n' +
  'Max-Forwards: 70\r\nf: <sip:a@x>;tag=1\r\nTo: "B"\r\n <sip:b@x>\r\nCall-ID: 77\r\nCSeq: 1 INVITE\r\n\r\n';

it('answers with the headers that a response repeats', () => {
  expect(framingReply('content-length-missing', head, 'me')).toBe(
    'SIP/2.0 400 Content-Length Required on a Stream\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n' +
      'v: SIP/2.0/UDP c;branch=z9hG4bK2\r\nf: <sip:a@x>;tag=1\r\nTo: "B" <sip:b@x>;tag=me\r\nCall-ID: 77\r\n' +
      'CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
  );
  expect(framingReply('message-too-large', head, 'me')).toMatch(/^SIP\/2\.0 513 /);
});

it('keeps a To tag', () => {
  const reply = framingReply('content-length-bad', head.replace('<sip:b@x>', '<sip:b@x>; Tag=x'), 'me');
  expect(reply).toContain('To: "B" <sip:b@x>; Tag=x\r\n');
});

it.each([
  ['a response', head.replace(/^INVITE.*\r\n/, 'SIP/2.0 200 OK\r\n')],
  ['an ACK', head.replaceAll('INVITE', 'ACK')],
  ['no Via', head.replace(/^(Via|v):.*\r\n/gm, '')],
  ['no Call-ID', head.replace('Call-ID', 'X')],
  ['no CSeq', head.replace('CSeq', 'X')],
  ['no head', ''],
])('does not answer %s', (_name, text) =>
  expect(framingReply('content-length-bad', text, 'me')).toBeUndefined(),
);

it('does not answer what may be no SIP at all', () => {
  expect(framingReply('not-sip', head, 'me')).toBeUndefined();
  expect(framingReply('head-too-large', '', 'me')).toBeUndefined();
});
