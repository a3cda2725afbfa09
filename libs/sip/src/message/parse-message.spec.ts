import { H, HEADER_IDS, HEADER_NAMES, UNKNOWN_HEADER } from './header-table.js';
import { HEADER_LINES_MAX, MESSAGE_BYTES_MAX } from './limits.js';
import type { SipMessage } from './message.js';
import { parseMessage, type ParseFailure } from './parse-message.js';

const START = 'MESSAGE sip:bob@ims.test SIP/2.0';
const HEADERS = [
  'Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1',
  'Max-Forwards: 70',
  'From: <sip:alice@ims.test>;tag=a',
  'To: <sip:bob@ims.test>',
  'Call-ID: c1',
  'CSeq: 7 MESSAGE',
];
const text = (headers: readonly string[] = HEADERS, body = '', start = START): string =>
  [start, ...headers, '', body].join('\r\n');
const swap = (name: string, line: string): string[] =>
  HEADERS.map((header) => (header.startsWith(name) ? line : header));
const without = (name: string): string[] => HEADERS.filter((header) => !header.startsWith(name));

const good = (raw: string): SipMessage => {
  const result = parseMessage(raw);
  if (!result.ok) throw new Error(`${result.reason} at ${result.at}`);
  return result.message;
};
const bad = (raw: string): ParseFailure => {
  const result = parseMessage(raw);
  if (result.ok) throw new Error('parsed');
  return result;
};

describe('start lines', () => {
  it('reads a request', () => {
    const message = good(text());
    expect(message).toMatchObject({
      method: 'MESSAGE',
      requestUri: 'sip:bob@ims.test',
      status: 0,
      reason: '',
      cseq: 7,
    });
    expect(message.isRequest).toBe(true);
  });

  it('reads a response, also without reason and its space', () => {
    const response = good(text(HEADERS, '', 'SIP/2.0 180 Ringing here'));
    expect(response).toMatchObject({
      method: '',
      requestUri: '',
      status: 180,
      reason: 'Ringing here',
      cseqMethod: 'MESSAGE',
    });
    expect(good(text(HEADERS, '', 'SIP/2.0 100 ')).reason).toBe('');
    expect(good(text(HEADERS, '', 'sip/2.0 699')).status).toBe(699);
  });

  it('takes the version in any case, and unknown methods', () => {
    expect(good(text(swap('CSeq', 'CSeq: 7 FOO'), '', 'FOO sip:x sIp/2.0')).method).toBe('FOO');
    // Same length and first letter as a known method.
    expect(good(text(swap('CSeq', 'CSeq: 7 INVITA'), '', 'INVITA sip:x SIP/2.0')).method).toBe('INVITA');
  });

  it.each([
    ['MESSAGE  sip:bob@ims.test SIP/2.0', 400],
    ['MESSAGE sip:bob@ims.test  SIP/2.0', 400],
    ['MESSAGE sip:bob@ims.test SIP/2.0 ', 400],
    [' MESSAGE sip:bob@ims.test SIP/2.0', 400],
    ['MESSAGE sip:bob@ims.test', 400],
    ['MESSAGE SIP/2.0', 400],
    ['MES(AGE sip:bob@ims.test SIP/2.0', 400],
    ['MESSAGE <sip:bob@ims.test> SIP/2.0', 400],
    ['MESSAGE bob SIP/2.0', 400],
    ['MESSAGE sip: SIP/2.0', 400],
    ['MESSAGE sip:bob\t@ims.test SIP/2.0', 400],
    ['MESSAGE sip:bob@ims.test HTTP/1.1', 400],
    ['MESSAGE sip:bob@ims.test SIP/3.0', 505],
    ['MESSAGE sip:bob@ims.test SIP/2.10', 505],
    ['SIP/2.0 99 Low', 400],
    ['SIP/2.0 700 High', 400],
    ['SIP/2.0 20 Short', 400],
    ['SIP/2.0 2000 Long', 400],
    ['SIP/2.0  200 OK', 400],
    ['SIP/2.0 200 O\nK', 400],
    ['SIP/1.0 200 OK', 505],
    ['', 400],
  ])('refuses %j with %i', (start, status) => expect(bad(text(HEADERS, '', start)).status).toBe(status));

  it('skips CRLFs in front', () => expect(good(`\r\n\r\n${text()}`).raw).toBe(text()));
});

describe('header lines', () => {
  it('knows every name of the table in any case, and its compact form', () => {
    for (const [name, id] of HEADER_IDS)
      for (const written of [name, name.toUpperCase()]) {
        // Single and checked headers have their own tests.
        if (
          id <= H.ContentLength &&
          id !== H.Route &&
          id !== H.RecordRoute &&
          id !== H.Via &&
          id !== H.Contact
        )
          continue;
        const message = good(text([...HEADERS, `${written}: SIP/2.0/UDP x;branch=1`]));
        expect([written, message.lines[6 * 4]]).toEqual([written, id]);
      }
  });

  it('knows only whole names', () => {
    for (const name of HEADER_NAMES)
      for (const near of [
        `${name}s`,
        name.length > 2 ? name.slice(0, -1) : `${name}x`,
        `x${name}`,
        `${name}-`,
        `!${name.slice(1)}`,
        `${name.slice(0, -1)}~`,
      ]) {
        if (HEADER_IDS.has(near.toLowerCase())) continue;
        const message = good(text([...HEADERS, `${near}: 1`]));
        expect([near, message.lines[6 * 4]]).toEqual([near, UNKNOWN_HEADER]);
        expect(message.named(near)).toBe('1');
      }
  });

  it('takes compact forms, space before the colon, folding, empty values', () => {
    const message = good(
      text([
        'v  : SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1', 'f:<sip:a@b>;tag=1', 't\t:\r\n <sip:b@b>', 'i:  c1  ', 'CSeq: 007\r\n\tMESSAGE',
        'Subject:', 's: \t ', 'X-Fold: one\r\n  two\r\n\tthree  ',
      ]),
    ); // prettier-ignore
    expect(message.header(H.To)).toBe('<sip:b@b>');
    expect(message.header(H.CallId)).toBe('c1');
    expect(message.cseq).toBe(7);
    expect(message.lineValue(message.findLine(H.Subject))).toBe('');
    expect(message.lineValue(message.findLine(H.Subject, 6))).toBe('');
    expect(message.named('x-fold')).toBe('one\r\n  two\r\n\tthree');
    expect(message.lineName(0)).toBe('v');
  });

  it.each([
    ['bad name', 'X Foo: 1'],
    ['control in name', 'P-Asserted\x01-Identity: <sip:a@b>'],
    ['NUL in name', 'P-Asserted-Identity\0: <sip:a@b>'],
    ['no colon', 'Foo'],
    ['no name', ': foo'],
    ['fold inside the name', 'P-Asserted-\r\n Identity: <sip:a@b>'],
    ['quoted name', '"Foo": 1'],
    ['name beyond ASCII', 'F\u00f6o: 1'],
    ['name beyond latin1', 'F\u0400o: 1'],
    ['lone LF', 'X: 1\nP-Asserted-Identity: <sip:a@b>'],
    ['lone CR', 'X: 1\rP-Asserted-Identity: <sip:a@b>'],
    ['CR CR LF', 'X: 1\r'],
    ['NUL in value', 'X: a\0b'],
  ])('refuses %s', (_what, line) => {
    expect(bad(text([...HEADERS, line])).status).toBe(400);
    expect(bad(text([HEADERS[0]!, line, ...HEADERS.slice(1)])).partial).toBeDefined();
  });

  it('refuses a first line that is folded', () =>
    expect(bad(text([' Via: x', ...HEADERS])).status).toBe(400));

  it('takes NUL in a body', () => expect(good(text(HEADERS, 'a\0b')).body).toBe('a\0b'));

  it('refuses headers that do not end', () => {
    expect(bad(text().slice(0, -2)).reason).toBe('headers do not end');
    expect(bad(text().slice(0, -4)).reason).toBe('headers do not end');
  });

  it('bounds lines and bytes', () => {
    const many = Array.from({ length: HEADER_LINES_MAX - HEADERS.length }, (_, n) => `X-${n}: ${n}`);
    expect(good(text([...HEADERS, ...many])).lineCount).toBe(HEADER_LINES_MAX);
    expect(bad(text([...HEADERS, ...many, 'X: 1'])).reason).toBe('too many header lines');
    const fill = MESSAGE_BYTES_MAX - text().length;
    expect(good(text(HEADERS, 'x'.repeat(fill))).raw).toHaveLength(MESSAGE_BYTES_MAX);
    const tooLarge = bad(text(HEADERS, 'x'.repeat(fill + 1)));
    expect(tooLarge.status).toBe(513);
    expect(tooLarge.partial?.header(H.CallId)).toBe('c1');
  });
});

describe('mandatory and single headers', () => {
  it.each(['Via', 'From', 'To', 'Call-ID', 'CSeq'])('refuses a message without %s', (name) => {
    expect(bad(text(without(name))).reason).toBe('mandatory header missing');
    expect(bad(text(without(name))).partial).toBeUndefined();
    // Without Via or CSeq no answer finds its request.
    expect(bad(text(without(name))).incomplete !== undefined).toBe(name !== 'Via' && name !== 'CSeq');
  });

  it.each([
    'From: <sip:x@y>;tag=2', 't: <sip:x@y>', 'Call-ID: c1', 'i: c2', 'CSeq: 7 MESSAGE', 'Max-Forwards: 70',
  ])('refuses a second %s', (line) => expect(bad(text([...HEADERS, line])).partial).toBeDefined()); // prettier-ignore

  it.each([
    'CSeq: 2147483648 MESSAGE', 'CSeq: -1 MESSAGE', 'CSeq: MESSAGE', 'CSeq: 1MESSAGE', 'CSeq: 1', 'CSeq: 1 A B', 'CSeq:',
    'CSeq: 7 INVITE', 'CSeq: 7 message',
  ])('refuses %s', (line) => expect(bad(text(swap('CSeq', line))).status).toBe(400)); // prettier-ignore

  it('takes the largest CSeq', () =>
    expect(good(text(swap('CSeq', 'CSeq: 2147483647 MESSAGE'))).cseq).toBe(2 ** 31 - 1));

  it.each(['From:', 'To:', 'Call-ID: ', 'Via:'])('refuses an empty %s', (line) =>
    expect(bad(text(swap(line.split(':')[0]!, line))).status).toBe(400),
  );

  it.each(['x', '-1', '256', '7 0', ''])('refuses Max-Forwards %j', (value) =>
    expect(bad(text(swap('Max', `Max-Forwards: ${value}`))).status).toBe(400),
  );
});

describe('Content-Length', () => {
  const withLength = (length: string, body: string): string =>
    text([...HEADERS, `Content-Length: ${length}`], body);

  it('cuts what follows the body, in raw too', () => {
    const message = good(withLength('3', 'abcdef'));
    expect(message.body).toBe('abc');
    expect(message.raw.endsWith('\r\n\r\nabc')).toBe(true);
    expect(good(withLength('0', 'abc')).body).toBe('');
    expect(good(withLength('0003', 'abc')).body).toBe('abc');
  });

  it('takes all there is without it', () => expect(good(text(HEADERS, 'abc')).body).toBe('abc'));

  it.each([['4'], ['-1'], ['+3'], ['3x'], ['3 3'], [''], ['99999999999999999999']])(
    'refuses %j of 3',
    (length) => expect(bad(withLength(length, 'abc')).reason).toBe('bad Content-Length'),
  );

  it('refuses two, equal or not', () => {
    for (const second of ['l: 3', 'Content-Length: 2'])
      expect(bad(text([...HEADERS, 'Content-Length: 3', second], 'abc')).status).toBe(400);
  });
});

describe('partial', () => {
  it('answers with the lines that are sound, whatever else is wrong', () => {
    const { partial } = bad(text(['Bad Name: 1', ...swap('CSeq', 'CSeq: 99999999999 MESSAGE')]));
    expect(partial).toMatchObject({ method: 'MESSAGE', cseq: 0, requestUri: 'sip:bob@ims.test' });
    expect(partial!.header(H.Via)).toBe('SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1');
    expect(partial!.header(H.From)).toBe('<sip:alice@ims.test>;tag=a');
  });

  it('never holds a line that would smuggle another', () => {
    const { partial } = bad(text(['From: <sip:x>\nEvil: 1', ...HEADERS]));
    expect(partial!.header(H.From)).toBe('<sip:alice@ims.test>;tag=a');
  });

  it('is not made for responses', () => {
    const { partial, incomplete } = bad(text(without('To'), '', 'SIP/2.0 200 OK'));
    expect([partial, incomplete]).toEqual([undefined, undefined]);
  });
});
