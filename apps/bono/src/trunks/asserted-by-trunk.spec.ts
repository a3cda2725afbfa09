// Whose word on who calls is taken, and for whom.
import { parseMessage, type SipMessage } from '#libs/sip';
import { assertedByTrunk } from './asserted-by-trunk.js';
import { calledByTrunk } from './called-by-trunk.js';
import { readTrunks, type Trunk } from './trunk-file.js';

const trunk = (more: object): Trunk => {
  const result = readTrunks(JSON.stringify({ trunks: [{ name: 't', addresses: ['10.9.0.1'], ...more }] }));
  if (!result.ok) throw new Error(result.reason);
  return result.value[0]!;
};

const request = (...headers: readonly string[]): SipMessage => {
  const lines = [
    'INVITE sip:bob@ims.test SIP/2.0',
    'Via: SIP/2.0/UDP 10.9.0.1;branch=z9hG4bK1',
    'From: <sip:+442070000000@sbc.test>;tag=1',
    'To: <sip:bob@ims.test>',
    'Call-ID: 1',
    'CSeq: 1 INVITE',
    ...headers,
    'Content-Length: 0',
    '',
    '',
  ];
  const parsed = parseMessage(lines.join('\r\n'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};
const answer = (...headers: readonly string[]): SipMessage => {
  const parsed = parseMessage(request(...headers).raw.replace(/^.*/, 'SIP/2.0 200 OK'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};
const PAI = 'P-Asserted-Identity: "Carol" <sip:+442071111111@sbc.test;user=phone>, <sip:carol@carrier.test>';

it.each<readonly [string, object, readonly string[], readonly string[]]>([
  ['an untrusted one for nobody', {}, [PAI], []],
  ['a trusted one for whom it asserts, numbers as tel', { identity: 'trusted' }, [PAI], ['tel:+442071111111', 'sip:carol@carrier.test']],
  ['a trusted one that asserts nobody for nobody: From is the caller’s own word', { identity: 'trusted' }, [], []],
  ['two of a kind count as the first', { identity: 'trusted' }, ['P-Asserted-Identity: <tel:+1>, <tel:+2>'], ['tel:+1']],
  ['a screened one for those that are its own', { identity: 'screened', identities: ['sip:*@carrier.test'] }, [PAI], ['sip:carol@carrier.test']],
  ['a screened one for nobody else', { identity: 'screened', identities: ['tel:+4930*'] }, [PAI], []],
  ['a screened one by From, where it asserts nobody', { identity: 'screened', identities: ['tel:+44*'] }, [], ['tel:+442070000000']],
  ['a PBX for its numbers', { kind: 'pbx', user: 'sip:pbx@ims.test', identities: ['tel:+4420*'] }, [], ['tel:+442070000000']],
  ['a PBX that names nobody of its own for its user', { kind: 'pbx', user: 'sip:pbx@ims.test', identities: ['tel:+49*'] }, [PAI], ['sip:pbx@ims.test']],
])('%s', (_what, more, headers, asserted) => {
  expect(assertedByTrunk(request(...headers), trunk(more))).toEqual(asserted);
}); // prettier-ignore

it('says of an answer who answers, never who called', () => {
  const screened = trunk({ identity: 'screened', identities: ['tel:+44*'] });
  expect(assertedByTrunk(answer(), screened)).toEqual([]);
  expect(assertedByTrunk(answer(PAI), screened)).toEqual(['tel:+442071111111']);
  expect(assertedByTrunk(answer(), trunk({ kind: 'pbx', user: 'sip:pbx@ims.test' }))).toEqual([]);
});

const OWN = { homeDomain: 'ims.test', publicHost: 'edge.test', ownHosts: new Set(['10.1.0.1:5060']) };

it.each([
  ['sip:bob@ims.test', 'sip:bob@ims.test'],
  ['sip:bob@10.1.0.1:5060;x=y', 'sip:bob@ims.test;x=y'],
  ['sip:bob@Edge.test', 'sip:bob@ims.test'],
  ['sip:+442071111111@10.1.0.1:5060', 'sip:+442071111111@ims.test;user=phone'],
  ['sips:02071111111@edge.test;user=phone', 'sips:+442071111111@ims.test;user=phone'],
  ['tel:020-7111-1111', 'tel:+442071111111'],
  ['tel:+442071111111;npdi;rn=+4420', 'tel:+442071111111;npdi;rn=+4420'],
  ['tel:1234;phone-context=pbx.test', 'tel:1234;phone-context=pbx.test'],
  // Nobody is relayed to other networks, and nobody calls a machine.
  ['sip:bob@example.test', undefined],
  ['sip:10.1.0.1:5060', undefined],
  ['sip:bob@10.1.0.1:5058', undefined],
  ['urn:service:sos', undefined],
])('%s is here %s', (requestUri, called) => {
  expect(calledByTrunk(requestUri, trunk({ country: '44' }), OWN)).toBe(called);
});
