import fc from 'fast-check';
import { Edits, parseMessage, type SipMessage } from '#libs/sip';
import { stripClientRequest, stripClientResponse, stripForClient } from './trust-boundary.js';

const message = (firstLine: string, lines: readonly string[]): SipMessage => {
  const parsed = parseMessage(
    `${firstLine}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n` +
      'From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n' +
      `${lines.map((line) => `${line}\r\n`).join('')}Content-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

type Strip = (message: SipMessage, edits: Edits) => void;

/** What is left of the lines, in any of the usual headers' company. */
const left = (strip: Strip, lines: readonly string[], firstLine = 'INVITE sip:b@x SIP/2.0'): string[] => {
  const came = message(firstLine, lines);
  const edits = new Edits(came);
  strip(came, edits);
  const usual = /^(?:Via|Max-Forwards|From|To|Call-ID|CSeq|Content-Length|SIP\/2.0|INVITE)\b/;
  return edits
    .render()
    .split('\r\n')
    .filter((line) => line !== '' && !usual.test(line));
};

const SPOOFED = [
  'P-Asserted-Identity: <sip:ceo@x>',
  'P-Served-User: <sip:ceo@x>',
  'P-Charging-Vector: icid-value=1',
  'P-Charging-Function-Addresses: ccf=1.2.3.4',
  'P-Access-Network-Info: 3GPP-UTRAN-TDD',
  'P-Visited-Network-ID: x',
  'P-Called-Party-ID: <sip:ceo@x>',
  'P-Profile-Key: <sip:*@x>',
  'P-Associated-URI: <sip:ceo@x>',
  'P-Asserted-Service: urn:x',
  'P-User-Database: <aaa://x>',
  'P-Private-Network-Indication: x',
  'P-DCS-Billing-Info: x',
  'P-DCS-LAES: x',
  'X-3GPP-Asserted-Identity: x',
  'X-XCAP-Asserted-Identity: x',
  'Path: <sip:x;lr>',
  'Service-Route: <sip:x;lr>',
];

/** The same header as a client may spell it. */
const SPELLINGS: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.toLowerCase(),
  (line) => line.toUpperCase(),
  (line) => line.replace(':', ':\r\n '),
  (line) => line.replace(':', ':\t'),
];

describe('what a client sends', () => {
  it.each(SPOOFED)('loses %s, however it is spelled', (line) => {
    for (const spell of SPELLINGS) {
      expect(left(stripClientRequest, [spell(line)])).toEqual([]);
      expect(left(stripClientResponse, [spell(line)], 'SIP/2.0 200 OK')).toEqual([]);
    }
  });

  it('loses a header that is there twice, and between others', () => {
    const lines = [
      'Subject: x',
      'P-Asserted-Identity: <sip:a@x>',
      'X-Own: y',
      'p-asserted-identity: <sip:b@x>',
    ];
    expect(left(stripClientRequest, lines)).toEqual(['Subject: x', 'X-Own: y']);
  });

  it('loses the identity that it prefers, once that was read, in requests', () => {
    expect(left(stripClientRequest, ['P-Preferred-Identity: <sip:a@x>'])).toEqual([]);
  });

  it('loses credentials in responses, where they mean nothing', () => {
    const lines = ['Authorization: Digest x="y"', 'Proxy-Authorization: Digest x="y"'];
    expect(left(stripClientResponse, lines, 'SIP/2.0 200 OK')).toEqual([]);
    expect(left(stripClientRequest, lines)).toEqual(lines);
  });

  it('keeps everything else, byte for byte', () => {
    const lines = [
      'Contact: <sip:a@10.0.0.1>;+sip.instance="<urn:x>"',
      'P-Early-Media: supported',
      'P-Whatever: x',
      'X-Own: P-Asserted-Identity: <sip:a@x>',
      'Privacy: id',
      'Subject: P-Asserted-Identity: <sip:a@x>',
    ];
    expect(left(stripClientRequest, lines)).toEqual(lines);
  });

  it('is never left with an identity, wherever and however often it says one', () => {
    const spelled = fc
      .tuple(fc.constantFrom(...SPOOFED), fc.constantFrom(...SPELLINGS))
      .map(([line, spell]) => spell(line));
    const harmless = fc.constantFrom('Subject: x', 'X-Own: y', 'Accept: a/b', 'P-Early-Media: sendrecv');
    fc.assert(
      fc.property(fc.array(fc.oneof(spelled, harmless), { maxLength: 12 }), (lines) => {
        const rest = left(stripClientRequest, lines);
        expect(rest).toEqual(lines.filter((line) => /^(?:Subject|X-Own|Accept|P-Early-Media)/.test(line)));
      }),
    );
  });
});

describe('what goes to a client', () => {
  it('loses what is internal, and keeps who calls', () => {
    const internal = ['P-Served-User: x', 'P-Charging-Vector: x', 'P-Charging-Function-Addresses: x'];
    const more = ['P-Access-Network-Info: x', 'P-Visited-Network-ID: x', 'P-Profile-Key: x'];
    const kept = ['P-Asserted-Identity: <sip:a@x>', 'P-Called-Party-ID: <sip:b@x>', 'Subject: x'];
    expect(left(stripForClient, [...internal, ...more, ...kept])).toEqual(kept);
  });

  it.each([
    ['id', false],
    ['ID', false],
    ['header;id', false],
    ['critical; id', false],
    ['id,user', false],
    ['none', true],
    ['history', true],
    ['session', true],
    ['identity', true],
    ['x-id', true],
  ])('with Privacy: %s keeps who calls: %s', (privacy, kept) => {
    const lines = ['P-Asserted-Identity: <sip:a@x>', `Privacy: ${privacy}`];
    expect(left(stripForClient, lines)).toHaveLength(kept ? 2 : 1);
  });

  it('loses it too when one of several lines asks for that', () => {
    const lines = ['Privacy: none', 'P-Asserted-Identity: <sip:b@x>', 'privacy: id'];
    expect(left(stripForClient, lines)).toEqual(['Privacy: none', 'privacy: id']);
  });

  it('loses the identity of whoever answers privately too', () => {
    const lines = ['Privacy: id', 'P-Asserted-Identity: <sip:b@x>'];
    expect(left(stripForClient, lines, 'SIP/2.0 200 OK')).toEqual(['Privacy: id']);
  });

  it('loses the keys of an AKA challenge, and nothing else of it', () => {
    const challenge =
      'WWW-Authenticate: Digest realm="x", nonce="ck=1,ik=2", ck="00aa", algorithm=AKAv1-MD5, IK="11bb"';
    expect(left(stripForClient, [challenge], 'SIP/2.0 401 Unauthorized')).toEqual([
      'WWW-Authenticate: Digest realm="x", nonce="ck=1,ik=2", algorithm=AKAv1-MD5',
    ]);
  });

  it('keeps a challenge that holds no keys as it is', () => {
    const challenge = 'WWW-Authenticate: Digest  realm="x",nonce="n" ,  qop="auth"';
    expect(left(stripForClient, [challenge], 'SIP/2.0 401 Unauthorized')).toEqual([challenge]);
  });
});
