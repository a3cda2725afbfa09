// RFC 4475 and RFC 5118 messages, bit-exact from the RFCs (testdata/torture/extract.mjs), and what becomes of each.
// 'ok': parsed, and the fields that routing relies on are sound. '400', '416', '505': refused with that, by the parser or
// by checkFields. 'drop': a response that does not parse. What only an application can judge (420, 415, 483) is 'ok' here.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkFields } from './check-fields.js';
import { values } from '../fields/fields.js';
import { H } from './header-table.js';
import { parseMessage } from './parse-message.js';
import { headerParam } from '../fields/params.js';
import { unescapePercent } from '../fields/percent.js';
import { parseNameAddr } from '../fields/name-addr.js';
import { parseSipUri } from '../fields/uri.js';
import { parseVia } from '../fields/via.js';
import type { SipMessage } from './message.js';

const folder = path.resolve(import.meta.dirname, '../../testdata/torture');
const read = (name: string): string => readFileSync(path.join(folder, `${name}.dat`), 'latin1');

const verdictOf = (raw: string): string => {
  const parsed = parseMessage(raw);
  if (!parsed.ok) return raw.startsWith('SIP/') ? 'drop' : String(parsed.status);
  return String(checkFields(parsed.message)?.status ?? 'ok');
};

const VERDICTS: readonly (readonly [section: string, name: string, verdict: string, choice: string])[] = [
  ['4475 §3.1.1.1', 'wsinv', 'ok', 'folding, compact forms, odd spacing'],
  ['4475 §3.1.1.2', 'intmeth', 'ok', 'NUL as a quoted-pair is allowed'],
  ['4475 §3.1.1.3', 'esc01', 'ok', ''],
  ['4475 §3.1.1.4', 'escnull', 'ok', ''],
  ['4475 §3.1.1.5', 'esc02', 'ok', '% in a method is a character like others'],
  ['4475 §3.1.1.6', 'lwsdisp', 'ok', ''],
  ['4475 §3.1.1.7', 'longreq', 'ok', ''],
  ['4475 §3.1.1.8', 'dblreq', 'ok', 'what follows the body is cut off'],
  ['4475 §3.1.1.9', 'semiuri', 'ok', 'the parameter belongs to the user part'],
  ['4475 §3.1.1.10', 'transports', 'ok', ''],
  ['4475 §3.1.1.11', 'mpart01', 'ok', ''],
  ['4475 §3.1.1.12', 'unreason', 'ok', ''],
  ['4475 §3.1.1.13', 'noreason', 'ok', ''],
  ['4475 §3.1.2.1', 'badinv01', '400', 'Via and Contact of separators only'],
  ['4475 §3.1.2.2', 'clerr', '400', ''],
  ['4475 §3.1.2.3', 'ncl', '400', ''],
  ['4475 §3.1.2.4', 'scalar02', '400', ''],
  ['4475 §3.1.2.5', 'scalarlg', 'drop', ''],
  ['4475 §3.1.2.6', 'quotbal', '400', ''],
  ['4475 §3.1.2.7', 'ltgtruri', '400', ''],
  ['4475 §3.1.2.8', 'lwsruri', '400', ''],
  ['4475 §3.1.2.9', 'lwsstart', '400', ''],
  ['4475 §3.1.2.10', 'trws', '400', ''],
  ['4475 §3.1.2.11', 'escruri', 'ok', 'taken; who forwards it uses withoutUriHeaders'],
  ['4475 §3.1.2.12', 'baddate', 'ok', 'Date is not used'],
  ['4475 §3.1.2.13', 'regbadct', '400', ''],
  ['4475 §3.1.2.14', 'badaspec', 'ok', 'white space inside < > is cut'],
  ['4475 §3.1.2.15', 'baddn', '400', 'comma in a bare display name'],
  ['4475 §3.1.2.16', 'badvers', '505', ''],
  ['4475 §3.1.2.17', 'mismatch01', '400', ''],
  ['4475 §3.1.2.18', 'mismatch02', '400', '501 is for a request that is well-formed'],
  ['4475 §3.1.2.19', 'bigcode', 'drop', ''],
  ['4475 §3.2.1', 'badbranch', 'ok', 'matched by RFC 2543 rules, by the engine'],
  ['4475 §3.3.1', 'insuf', '400', 'the answer lacks From, To and Call-ID too'],
  ['4475 §3.3.2', 'unkscm', '416', ''],
  ['4475 §3.3.3', 'novelsc', '416', ''],
  ['4475 §3.3.4', 'unksm2', 'ok', 'From and To may have any scheme'],
  ['4475 §3.3.5', 'bext01', 'ok', '420 is the application’s'],
  ['4475 §3.3.6', 'invut', 'ok', ''],
  ['4475 §3.3.7', 'regaut01', 'ok', ''],
  ['4475 §3.3.8', 'multi01', '400', ''],
  ['4475 §3.3.9', 'mcl01', '400', ''],
  ['4475 §3.3.10', 'bcast', 'ok', 'dropped by the engine: no transaction'],
  ['4475 §3.3.11', 'zeromf', 'ok', '483 is the application’s'],
  ['4475 §3.3.12', 'cparam01', 'ok', ''],
  ['4475 §3.3.13', 'cparam02', 'ok', ''],
  ['4475 §3.3.14', 'regescrt', 'ok', ''],
  ['4475 §3.3.15', 'sdp01', 'ok', ''],
  ['4475 §3.4.1', 'inv2543', 'ok', ''],
  ['4475 archive', 'test', '400', 'in the archive, not in the text: no SIP-Version'],
  ['5118 §4.1', 'ipv6-good', 'ok', ''],
  ['5118 §4.2', 'ipv6-bad', '400', ''],
  ['5118 §4.3', 'port-ambiguous', 'ok', ''],
  ['5118 §4.4', 'port-unambiguous', 'ok', ''],
  ['5118 §4.5', 'via-received-param-with-delim', 'ok', ''],
  ['5118 §4.5', 'via-received-param-no-delim', 'ok', ''],
  ['5118 §4.6', 'ipv6-in-sdp', '400', 'as printed, Content-Length is larger than the body'],
  ['5118 §4.7', 'mult-ip-in-header', 'ok', ''],
  ['5118 §4.8', 'mult-ip-in-sdp', 'ok', ''],
  ['5118 §4.9', 'ipv4-mapped-ipv6', 'ok', ''],
  ['5118 §4.10', 'ipv6-bug-abnf-3-colons', 'ok', 'tolerated'],
  ['5118 §4.10', 'ipv6-correct-abnf-2-colons', 'ok', ''],
];

const parsed = (name: string): SipMessage => {
  const result = parseMessage(read(name));
  if (!result.ok) throw new Error(`${name}: ${result.reason}`);
  return result.message;
};

describe('torture messages', () => {
  it.each(VERDICTS)('%s %s → %s', (_section, name, verdict) => expect(verdictOf(read(name))).toBe(verdict));

  it('has a verdict for every file', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.dat'));
    expect(VERDICTS.map(([, name]) => `${name}.dat`).sort()).toEqual(files.sort());
  });

  it('takes ipv6-in-sdp when its Content-Length is true', () =>
    expect(verdictOf(read('ipv6-in-sdp').replace('Length: 268', 'Length: 251'))).toBe('ok'));

  it('refuses baddn for its display name, not only for the missing end of headers', () => {
    const whole = parseMessage(`${read('baddn')}\r\n`);
    expect(whole.ok && checkFields(whole.message)).toEqual({ status: 400, reason: 'bad From' });
  });

  it('gives what an answer needs for every refused request that has it', () => {
    for (const [, name, verdict] of VERDICTS) {
      const result = parseMessage(read(name));
      if (result.ok || verdict === 'drop') continue;
      const kept = result.partial ? 'partial' : result.incomplete ? 'incomplete' : 'nothing';
      expect([name, kept]).toEqual([name, { insuf: 'incomplete', test: 'nothing' }[name] ?? 'partial']);
    }
  });
});

describe('what the valid torture messages say', () => {
  it('wsinv', () => {
    const message = parsed('wsinv');
    expect(message.requestUri).toBe('sip:vivekg@chair-dnrc.example.com;unknownparam');
    expect([message.cseq, message.cseqMethod]).toEqual([9, 'INVITE']);
    expect(values(message, H.Via).map((via) => parseVia(via)!.branch)).toEqual([
      '390skdjuw', 'z9hG4bK9ikj8', 'z9hG4bK30239',
    ]); // prettier-ignore
    expect(values(message, H.Route)).toEqual([
      '<sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
    ]);
    expect(values(message, H.Contact)).toHaveLength(1);
    expect(parseNameAddr(message.header(H.To)!)!.uri).toBe('sip:vivekg@chair-dnrc.example.com');
    expect(headerParam(message.header(H.To)!, 'tag')).toBe('1918181833n');
    expect(parseNameAddr(message.header(H.From)!)!.displayName).toBe('J Rosenberg \\"');
    expect(message.named('NewFangledHeader')).toContain('continued newfangled value');
  });

  it('intmeth', () => {
    const message = parsed('intmeth');
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(parseNameAddr(message.header(H.To)!)!.displayName).toBe('BEL:\x07 NUL:\0 DEL:\x7f');
  });

  it('dblreq ends where Content-Length says', () => {
    const message = parsed('dblreq');
    expect(message.body).toBe('');
    expect(message.raw.endsWith('\r\n\r\n')).toBe(true);
    expect(message.raw).not.toContain('INVITE');
  });

  it('semiuri and escnull keep the whole user part', () => {
    expect(parseSipUri(parsed('semiuri').requestUri)!.user).toBe('user;par=u%40example.net');
    const contacts = values(parsed('escnull'), H.Contact);
    expect(contacts.map((contact) => unescapePercent(parseSipUri(parseNameAddr(contact)!.uri)!.user!))).toEqual([
      '\0', '\0\0',
    ]); // prettier-ignore
  });

  it('cparam01 and cparam02 tell header parameters from URI parameters', () => {
    expect(headerParam(parsed('cparam01').header(H.Contact)!, 'unknownparam')).toBe('');
    expect(headerParam(parsed('cparam02').header(H.Contact)!, 'unknownparam')).toBeUndefined();
  });

  it('RFC 5118: IPv6 in sent-by, received and hosts', () => {
    expect(parseVia(parsed('via-received-param-with-delim').header(H.Via)!)).toMatchObject({
      host: '[2001:db8::9:1]', port: 0, received: '[2001:db8::9:255]',
    }); // prettier-ignore
    expect(parseVia(parsed('via-received-param-no-delim').header(H.Via)!)!.received).toBe('2001:db8::9:255');
    expect(parseSipUri(parsed('port-ambiguous').requestUri)).toMatchObject({
      host: '[2001:db8::10:5070]',
      port: 0,
    });
    expect(parseSipUri(parsed('port-unambiguous').requestUri)).toMatchObject({
      host: '[2001:db8::10]',
      port: 5070,
    });
    expect(parseVia(values(parsed('ipv4-mapped-ipv6'), H.Via)[0]!)).toMatchObject({
      host: '[::ffff:192.0.2.10]', port: 19823,
    }); // prettier-ignore
  });
});
