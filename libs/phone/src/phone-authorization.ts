// The answer of the test phone to a digest challenge (RFC 7616 §3.4, RFC 8760). Writer: phone.ts.
import type { Random } from '#libs/runtime';
import { digestResponse, H, ha1, type SipMessage } from '#libs/sip';

type Account = Readonly<{ user: string; domain: string; password: string; random: Random }>;

/** Of several challenges the first is answered: it is the one that the registrar likes best. */
export const authorizationLine = (
  { user, domain, password, random }: Account,
  asked: Readonly<{ method: string; uri: string; challenge: SipMessage; count: number }>,
): string => {
  const { method, uri, challenge, count } = asked;
  const header = challenge.header(H.WwwAuthenticate) ?? '';
  const field = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(header)?.[1] ?? '';
  const algorithm = /algorithm=SHA-256/.test(header) ? 'SHA-256' : 'MD5';
  const username = `${user}@${domain}`;
  const nc = count.toString(16).padStart(8, '0');
  const cnonce = random.token(8);
  const [realm, nonce] = [field('realm'), field('nonce')];
  const secret = ha1(algorithm, username, realm, password);
  const response = digestResponse({ algorithm, ha1: secret, nonce, nc, cnonce, qop: 'auth', method, uri });
  return (
    `Authorization: Digest username="${username}",realm="${realm}",nonce="${nonce}",uri="${uri}",` +
    `response="${response}",algorithm=${algorithm},cnonce="${cnonce}",nc=${nc},qop=auth,opaque="${field('opaque')}"\r\n`
  );
};
