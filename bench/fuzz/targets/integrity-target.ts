// What a client says in Authorization of the protection that it has, taken out at the edge. What must hold: who reads the
// credentials inside reads the edge's own mark or none, whatever the client wrote; the rest is as it was. TS 24.229 §5.2.2.2.
import { markIntegrity } from '#apps/bono';
import { authorizationFor, Edits, H, parseAuthorization, parseMessage } from '#libs/sip';
import { must, mustEqual, type Target } from '../target.js';

const around = (authorization: string): string =>
  `REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nAuthorization: ${authorization}\r\nContent-Length: 0\r\n\r\n`;

export const integrityTarget = (mark: typeof markIntegrity = markIntegrity): Target => ({
  name: 'integrity',
  seeds: ['Digest username="alice@ims.test", realm="ims.test", nonce="c60f", uri="sip:ims.test", response="245f", nc=00000001, qop=auth, cnonce="0a4f", integrity-protected="yes"', 'Digest integrity-protected = ip-assoc-yes , username=a,Integrity-Protected=no', 'Digest username=<a, integrity-protected=ip-assoc-yes, realm=b>, nonce="<"'], // prettier-ignore
  tokens: ['integrity-protected=', ',integrity-protected="yes"', ', integrity-protected=ip-assoc-yes, ', 'INTEGRITY-PROTECTED=x', 'username=', '="', '",', '\\"', '\\', '<', '>', ', x=', '\r\n ', 'Digest ', '\r\nAuthorization: Digest '], // prettier-ignore
  run(input) {
    const parsed = parseMessage(around(input));
    if (!parsed.ok) return parsed.reason;
    const { message } = parsed;
    const authorization = authorizationFor(message, 'ims.test');
    if (authorization === undefined) return 'none';
    const said = authorization.credentials;
    const kinds = [said !== undefined, said?.integrityProtected !== undefined];
    for (const isKnown of [true, false]) {
      const edits = new Edits(message);
      mark(edits, authorization, isKnown);
      const result = parseMessage(edits.render());
      must(result.ok, 'what goes on parses', result);
      if (!result.ok) continue;
      const got = parseAuthorization(result.message.header(H.Authorization) ?? '');
      const own = [undefined, isKnown ? 'ip-assoc-yes' : 'ip-assoc-pending'];
      must(own.includes(got?.integrityProtected), 'the mark is our own', got?.integrityProtected);
      if (said && got)
        mustEqual('the rest as it was', { ...got, integrityProtected: 0 }, { ...said, integrityProtected: 0 });
      kinds.push(got !== undefined, got?.integrityProtected !== undefined);
    }
    return kinds.join(' ');
  },
}); // prettier-ignore
