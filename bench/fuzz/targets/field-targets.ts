// Single header values and URIs. What must hold: what was read can be written and read again, comparison is an equivalence,
// and a reader by index agrees with the parser. RFC 3261 §19.1, §20, §25.1; RFC 3581; RFC 7616.
import {
  addrUri, aorOf, formatNameAddr, headerParam, isUsualAddress, isUsualVia, nonceCount, parseAuthorization, parseNameAddr,
  parseUri, parseVia, quote, receivedVia, sameDigest, splitValues, tagOf, uriEquals, uriParam, withoutUriParam, withUriParam,
} from '#libs/sip'; // prettier-ignore
import { must, mustEqual, type Target } from '../target.js';

export const uriTarget = (): Target => ({
  name: 'uri',
  seeds: ['sip:alice@ims.test;transport=tcp;lr?Subject=a&Priority=b', 'sips:a%41;x=1:pw@[2001:db8::1]:5061;user=phone', 'tel:+1-201-555-0123;phone-context=ims.test', 'urn:service:sos.police', 'sip:h:5060', 'http://a/b', 'sip:+358(555)1234567;postd=pp22@foo.com;user=phone'], // prettier-ignore
  tokens: ['sip:', 'sips:', 'tel:', 'urn:', ';lr', ';LR', ';user=phone', ';transport=', '[::1]', '%41', '%4a', '?a=b', '&c=d', ':0', ':65536', ';a=%61', 'A'], // prettier-ignore
  run(input) {
    const parsed = parseUri(input);
    if (!parsed.ok) return parsed.reason;
    const { uri } = parsed;
    must(uriEquals(input, input), 'a URI equals itself', input);
    const aor = aorOf(input);
    if (aor !== undefined) mustEqual('an address of record is its own', aorOf(aor), aor);
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return uri.scheme;
    const user =
      uri.user === undefined
        ? ''
        : `${uri.user}${uri.password === undefined ? '' : `:${uri.password}`}@`;
    const written = `${uri.scheme}:${user}${uri.host}${uri.port > 0 ? `:${uri.port}` : ''}${uri.params}${uri.headers}`;
    mustEqual('written and read again', parseUri(written), parsed);
    must(uriEquals(input, written) === uriEquals(written, input), 'equality has no direction', input, written);
    const put = withUriParam(input, 'x1', 'y');
    mustEqual('a parameter put in is there', uriParam(put, 'x1'), 'y');
    mustEqual('a parameter taken out is not', uriParam(withoutUriParam(put, 'x1'), 'x1'), undefined);
    return `${uri.scheme} ${uri.user !== undefined} ${uri.port > 0} ${uri.params !== ''} ${uri.headers !== ''}`;
  },
}); // prettier-ignore

export const viaTarget = (): Target => ({
  name: 'via',
  seeds: ['SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-1', 'SIP / 2.0 / TCP [::1]:5 ;received=1.2.3.4;branch="a;b"', 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks;keep;alias, SIP/2.0/UDP x:1;ttl=16;maddr=224.2.0.1'], // prettier-ignore
  tokens: [';rport', ';RPORT=1', ';received=', ';branch=', ';Branch=', '[::1]', 'SIP/2.0/UDP ', ';maddr=', ';ttl=256', ':5060', ' : '], // prettier-ignore
  run(input) {
    const usual = isUsualVia(input, 0, input.length);
    let outcome = '';
    for (const value of splitValues(input)) {
      const via = parseVia(value);
      if (usual) must(via !== undefined, 'usual form parses', value);
      outcome += via ? ` ${via.transport.length} ${via.branch !== ''} ${via.rport !== undefined}` : ' no';
      if (!via) continue;
      const received = parseVia(receivedVia(value, '192.0.2.1', 5070));
      const rport = via.rport === undefined ? undefined : 5070;
      mustEqual('received is added, nothing else is changed', received, { ...via, received: '192.0.2.1', rport });
    }
    return outcome.slice(0, 60);
  },
}); // prettier-ignore

export const nameAddrTarget = (): Target => ({
  name: 'name-addr',
  seeds: ['"Al\\"ice" <sip:alice@ims.test;lr>;tag=1928;q=0.7', 'sip:bob@ims.test;tag=2', '*', 'Bob Smith <tel:+1201>;expires=3600', '<sip:alice@10.0.0.1:16060;ob>;+sip.instance="<urn:uuid:1,2>";reg-id=1'], // prettier-ignore
  tokens: ['<', '>', '"', '\\"', ';tag=', ';TAG=x', '<sip:a@b>', 'sip:', ';q="', '\r\n '],
  run(input) {
    const address = parseNameAddr(input);
    const usual = isUsualAddress(input, 0, input.length);
    if (usual) must(address !== undefined && parseUri(address.uri).ok, 'usual form parses', input);
    mustEqual('the tag is the parameter', tagOf(input), headerParam(input, 'tag') ?? '');
    if (!address) return 'no';
    const { uri, displayName, params } = address;
    mustEqual('the URI is where the reader by index looks', addrUri(input), uri);
    const written = parseNameAddr(formatNameAddr(uri, displayName, params));
    if (!/[\r\n]/.test(displayName)) mustEqual('written and read again', written, address);
    return `${usual} ${displayName !== ''} ${params !== ''} ${parseUri(uri).ok} ${displayName.includes('"')}`;
  },
}); // prettier-ignore

export const digestTarget = (parse: typeof parseAuthorization = parseAuthorization): Target => ({
  name: 'digest',
  seeds: ['Digest username="alice@ims.test", realm="ims.test", nonce="c60f3082ee1212b402a21831ae", uri="sip:ims.test", response="245f23415f11432b3434341c022f", nc=00000001, qop=auth, cnonce="0a4f113b", opaque="", algorithm=MD5', 'Digest username=a,integrity-protected="ip-assoc-pending",auts="x"'], // prettier-ignore
  tokens: ['username=', 'nc=', '="', '",', 'qop="auth"', 'nc=00000000', 'algorithm=SHA-256', '\\"', '\\', 'URI="', 'Digest '], // prettier-ignore
  run(input) {
    const found = parse(input);
    if (!found) return 'no';
    const { scheme, ...fields } = found;
    const parts = Object.entries(fields).flatMap(([name, text]) =>
      text === undefined ? [] : [`${name === 'integrityProtected' ? 'integrity-protected' : name}=${quote(text)}`],
    );
    const exact = Object.values(fields).every((text) => text === undefined || !/[\0-\x1f\x7f]/.test(text));
    if (exact) mustEqual('written and read again', parse(`${scheme} ${parts.join(', ')}`), found);
    const count = nonceCount(found.nc);
    must(count === -1 || (count >= 1 && count <= 0xffffffff), 'a nonce count is in its range', count);
    if (found.response !== undefined)
      must(sameDigest(found.response.toLowerCase(), found.response), 'a response equals itself');
    return `${parts.length} ${count > 0} ${scheme.length}`;
  },
}); // prettier-ignore
