import { parseMessage } from '../message/parse-message.js';
import { AUTHORIZATIONS_MAX, authorizationFor } from './authorization.js';

const digest = (realm: string) =>
  `Digest username="a", realm="${realm}", nonce="n", uri="sip:x", response="r"`;
const chosen = (...values: string[]): string | undefined => {
  const parsed = parseMessage(
    'REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@ims.test>;tag=1\r\n' +
      'To: <sip:a@ims.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n' +
      values.map((value) => `Authorization: ${value}\r\n`).join('') +
      'Content-Length: 0\r\n\r\n',
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return authorizationFor(parsed.message, 'ims.test')?.value;
};

describe('credentials of several realms (RFC 3261 §22.1)', () => {
  const [OWN, OTHER] = [digest('ims.test'), digest('other.test')];

  it.each([
    ['none', [], undefined],
    ['the only ones', [OWN], OWN],
    ['the only ones, of another realm', [OTHER], OTHER],
    ['ours before others', [OWN, OTHER], OWN],
    ['ours after others', [OTHER, digest('third.test'), OWN], OWN],
    ['the first where none are ours', [OTHER, digest('third.test')], OTHER],
    ['ours after what does not parse', ['Digest realm="ims.test', OWN], OWN],
    [
      'ours in any case of the scheme',
      [OTHER, OWN.replace('Digest', 'DIGEST')],
      OWN.replace('Digest', 'DIGEST'),
    ],
  ])('%s', (_name, values, expected) => expect(chosen(...values)).toBe(expected));

  it('looks through so many and no more', () => {
    const before = (count: number) => Array.from({ length: count }, () => OTHER);
    expect(chosen(...before(AUTHORIZATIONS_MAX - 1), OWN)).toBe(OWN);
    expect(chosen(...before(AUTHORIZATIONS_MAX), OWN)).toBe(OTHER);
  });
});
