// What becomes of a client's Authorization on its way to the core.
import { authorizationFor, Edits, parseMessage } from '#libs/sip';
import { markIntegrity } from './integrity-mark.js';

const CREDENTIALS = 'Digest username="a", realm="ims.test", nonce="n", uri="sip:ims.test", response="0f"';

/** All Authorization headers as they go on. */
const marked = (headers: readonly string[], isKnown: boolean): readonly string[] => {
  const parsed = parseMessage(
    'REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@ims.test>;tag=1\r\n' +
      `To: <sip:a@ims.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n${headers.map((value) => `Authorization: ${value}\r\n`).join('')}\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  const edits = new Edits(parsed.message);
  markIntegrity(edits, authorizationFor(parsed.message, 'ims.test')!, isKnown);
  return edits
    .render()
    .split('\r\n')
    .filter((line) => line.startsWith('Authorization'))
    .map((line) => line.slice('Authorization: '.length));
};

it('marks an answer of who is not known here yet as pending, of who is as known', () => {
  expect(marked([CREDENTIALS], false)).toEqual([`${CREDENTIALS}, integrity-protected="ip-assoc-pending"`]);
  expect(marked([CREDENTIALS], true)).toEqual([`${CREDENTIALS}, integrity-protected="ip-assoc-yes"`]);
});

it('marks nothing where nothing is answered', () => {
  const asking = 'Digest username="a", realm="ims.test", nonce="", uri="sip:ims.test", response=""';
  expect(marked([asking], false)).toEqual([asking]);
});

it.each(['yes', 'no', 'ip-assoc-yes', 'tls-yes', 'auth-done'])(
  'takes away the client\u2019s own: %s',
  (own) => {
    const lied = `${CREDENTIALS}, integrity-protected="${own}"`;
    expect(marked([lied], false)).toEqual([`${CREDENTIALS}, integrity-protected="ip-assoc-pending"`]);
    expect(marked([`${CREDENTIALS}, Integrity-Protected=${own}`], true).join()).not.toContain(`d=${own}`);
  },
);

it('takes it away from credentials that do not parse, and passes one header on only', () => {
  const twice = `${CREDENTIALS}, nonce="m", integrity-protected="yes"`;
  expect(marked([twice], false).join()).not.toContain('integrity');
  expect(marked([CREDENTIALS, `${CREDENTIALS}, integrity-protected="yes"`], false)).toHaveLength(1);
});
