import fc from 'fast-check';
import {
  decodeUtf8,
  encodeUtf8,
  escapePercent,
  normaliseEscapes,
  unescapePercent,
  USER_CHARS,
} from './percent.js';
import { aorOf, uriEquals } from './uri-compare.js';
import {
  hostPortOf,
  parseSipUri,
  parseUri,
  uriParam,
  userOf,
  withoutUriHeaders,
  withoutUriParam,
  withUriParam,
} from './uri.js';

describe('parseUri', () => {
  const sip = { scheme: 'sip', user: undefined, password: undefined, port: 0, params: '', headers: '' };
  it.each([
    ['sip:h', { ...sip, host: 'h' }],
    ['SIP:H.Example.COM:5060', { ...sip, host: 'h.example.com', port: 5060 }],
    ['sips:a@h', { ...sip, scheme: 'sips', user: 'a', host: 'h' }],
    ['sip:a:pw@h:1;lr;x=y?b=c&d=e', { ...sip, user: 'a', password: 'pw', host: 'h', port: 1, params: ';lr;x=y', headers: '?b=c&d=e' }],
    ['sip:+1-2;ext=3?x@h', { ...sip, user: '+1-2;ext=3?x', host: 'h' }],
    ['sip:a%40b@h', { ...sip, user: 'a%40b', host: 'h' }],
    ['sip:[2001:DB8::1]:5060;lr', { ...sip, host: '[2001:db8::1]', port: 5060, params: ';lr' }],
    ['sip:192.0.2.1?a=b', { ...sip, host: '192.0.2.1', headers: '?a=b' }],
    ['tel:+1-201-555-0123;phone-context=x', { scheme: 'tel', number: '+1-201-555-0123', params: ';phone-context=x' }],
    ['tel:*21#', { scheme: 'tel', number: '*21#', params: '' }],
    ['URN:Service:sos.fire', { scheme: 'urn', nid: 'service', nss: 'sos.fire' }],
    ['http://x/y', { scheme: 'other', name: 'http', rest: '//x/y' }],
    ['i:x', { scheme: 'other', name: 'i', rest: 'x' }],
  ])('%s', (text, uri) => expect(parseUri(text)).toEqual({ ok: true, uri })); // prettier-ignore

  it.each(['', 'a', ':a', 'sip:', 'sip:@h', 'sip:a@', 'sip:a@b@c', 'sip:a@h;x=y@z', 'sip:a b@h', 'sip:h:', 'sip:h:0', 'sip:h:65536', 'sip:h:5060x', 'sip:[::1', 'sip:[1.2.3.4]', 'sip:[::g]', 'sip:2001:db8::1', 'sip:a"@h', 'sip:<h>', 'sip:a%4@h', 'sip:h;x=%zz', 'sip:a@h/x', 'sip:ä@h', 'tel:', 'tel:+', 'tel:12x', 'tel:1+2', 'urn:', 'urn:x:', 'urn:x', 'urn:xy:#a', 'urn:xy:?=a', 'urn:xy:/', '1x:y', 'i:', 'http:', 'sip:a\r\nb@h'])(
    'refuses %j', (text) => expect(parseUri(text).ok).toBe(false)); // prettier-ignore

  it('gives SIP only to those who want SIP only', () => {
    expect(parseSipUri('sip:a@h')!.host).toBe('h');
    expect(parseSipUri('tel:+1')).toBeUndefined();
  });
});

describe('uriEquals, the sets of RFC 3261 §19.1.4 and more', () => {
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    ['sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com', 'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com'],
    ['sip:alice@atlanta.com?subject=project%20x&priority=urgent', 'sip:alice@atlanta.com?priority=urgent&subject=project%20x'],
    ['tel:+1-201-555-0123', 'tel:+1.201.(555)0123'],
    ['tel:7042;phone-context=Example.com', 'TEL:70-42;PHONE-CONTEXT=example.com'],
    ['urn:service:sos', 'URN:Service:sos'],
    ['urn:xy:%c3', 'urn:xy:%C3'],
  ])('%s = %s', (a, b) => {
    expect(uriEquals(a, b)).toBe(true);
    expect(uriEquals(b, a)).toBe(true);
  }); // prettier-ignore

  it.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@h', 'sips:a@h'],
    ['sip:a@h', 'sip:h'],
    ['sip:a@h', 'sip:a:p@h'],
    ['sip:a@h;user=phone', 'sip:a@h'],
    ['sip:a@h;maddr=1.2.3.4', 'sip:a@h'],
    ['sip:a@h;gr=x', 'sip:a@h'],
    ['sip:a%3Bb@h', 'sip:a;b@h'],
    ['tel:+1', 'tel:1'],
    ['tel:1;phone-context=a', 'tel:1'],
    ['urn:service:sos', 'urn:service:SOS'],
    ['sip:a@h', 'rubbish'],
  ])('%s ≠ %s', (a, b) => {
    expect(uriEquals(a, b)).toBe(false);
    expect(uriEquals(b, a)).toBe(false);
  });
});

describe('aorOf', () => {
  it.each([
    ['sip:alice@ims.test', 'sip:alice@ims.test'],
    ['sip:+1_2@ims.test', 'sip:+1_2@ims.test'],
    ['SIPS:Alice:pw@IMS.Test:5061;user=phone;lr?x=y', 'sip:Alice@ims.test'],
    ['sip:%61lice%20x%3b%2B1@ims.test', 'sip:alice%20x;+1@ims.test'],
    ['sip:a%c3%a9@h', 'sip:a%C3%A9@h'],
    ['sip:IMS.test', 'sip:ims.test'],
    ['sip:a@[2001:DB8::1]:5', 'sip:a@[2001:db8::1]'],
    ['tel:+1-201-555-0123;isub=1', 'tel:+12015550123'],
    ['tel:70-42;Phone-Context=Example.COM', 'tel:7042;phone-context=example.com'],
    ['tel:70-42;phone-context=+1-2', 'tel:7042;phone-context=+12'],
    ['urn:SERVICE:sos', 'urn:service:sos'],
    ['http://x', undefined],
    ['sip:a@b@c', undefined],
    ['rubbish', undefined],
  ])('%s → %s', (uri, aor) => expect(aorOf(uri)).toBe(aor));

  it('is its own canonical form', () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9%+_;.-]{1,8}$/);
    fc.assert(
      fc.property(part, part, (user, host) => {
        const aor = aorOf(`sip:${user}@${host}`);
        if (aor !== undefined) expect(aorOf(aor)).toBe(aor);
      }),
    );
  });
});

describe('URI text', () => {
  it.each([
    ['sip:a@h;lr', 'lr', ''],
    ['sip:a@h;lr;transport=TCP', 'transport', 'TCP'],
    ['sip:a@h;Transport=tcp?lr', 'transport', 'tcp'],
    ['sip:a;lr@h', 'lr', undefined],
    ['sip:a@h?x=;lr', 'lr', undefined],
    ['sip:a@h;lrx;xlr', 'lr', undefined],
    ['sip:h;ob', 'ob', ''],
    ['sip:a@h;x=%41%3b', 'x', 'A;'],
    ['tel:1;phone-context=a', 'phone-context', 'a'],
  ])('uriParam %s %s → %s', (uri, name, value) => expect(uriParam(uri, name)).toBe(value));

  it('sets and takes away parameters and headers', () => {
    expect(withUriParam('sip:a@h;lr?x', 'orig')).toBe('sip:a@h;lr;orig?x');
    expect(withUriParam('sip:a;lr@h;lr=1', 'lr')).toBe('sip:a;lr@h;lr');
    expect(withUriParam('sip:h;x=1;y', 'x', '2')).toBe('sip:h;y;x=2');
    expect(withoutUriParam('sip:a@h;lr;x;lr=2?lr', 'lr')).toBe('sip:a@h;x?lr');
    expect(withoutUriHeaders('sip:a?b@h;lr?x=y')).toBe('sip:a?b@h;lr');
  });

  it.each([
    ['sip:a:p@h:5;lr', 'a', 'h:5'],
    ['sip:h:5?x', '', 'h:5'],
    ['sip:a@[::1]:5', 'a', '[::1]:5'],
    ['tel:+1;x', '+1', '+1'],
  ])('user and host of %s', (uri, user, hostPort) => {
    expect(userOf(uri)).toBe(user);
    expect(hostPortOf(uri)).toBe(hostPort);
  });

  it('escapes and unescapes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(unescapePercent(escapePercent(text))).toBe(text);
        expect(parseUri(`sip:x${escapePercent(text, USER_CHARS)}@h`).ok).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(decodeUtf8(encodeUtf8(text))).toBe(text)),
    );
    expect(escapePercent('é中')).toBe('%E9%E4%B8%AD');
    expect(unescapePercent('100%%41%4')).toBe('100%A%4');
    expect(normaliseEscapes('%41%3b%zz')).toBe('A%3B%zz');
  });
});
