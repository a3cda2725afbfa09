// The file of subscribers: both forms, and what is wrong with one said with its place.
import { readSubscribers } from './subscriber-file.js';
import { userDataOf } from './user-data.js';

const json = (...subscribers: readonly unknown[]) => readSubscribers(JSON.stringify(subscribers), 'ims.test');
const alice = { impi: 'alice@ims.test', impus: ['sip:alice@ims.test', 'tel:+1'], password: 'secret' };

describe('the file of subscribers', () => {
  it('is JSON', () => {
    const read = json({ ...alice, barred: ['tel:+1'], visitedNetworks: ['a.test'], mandatoryCapabilities: [1], aka: { k: '00'.repeat(16), opc: 'FF'.repeat(16) }, chargingFunctions: { primary: 'aaa://cdf.ims.test' } });
    if (!read.ok) throw new Error(read.reason);
    const [one] = read.subscribers;
    expect(one).toMatchObject({ realm: 'ims.test', ha1: expect.stringMatching(/^[0-9a-f]{32}$/), aka: { opc: 'ff'.repeat(16), amf: '8000', sqn: '000000000000' } });
    expect(userDataOf(one!)).toContain('<PublicIdentity><BarringIndication>1</BarringIndication><Identity>tel:+1</Identity>');
    expect(readSubscribers(JSON.stringify({ subscribers: [alice] }), 'x').ok).toBe(true);
  });

  it('is the CSV of bulk provisioning', () => {
    const read = readSubscribers('public_id,private_id,realm,password\nsip:6505550001@example.com,6505550001@example.com,example.com,secret\n', 'x');
    expect(read).toMatchObject({ ok: true, subscribers: [{ impus: ['sip:6505550001@example.com'], ha1: 'beb3adcefb7d0157f22a415f4ce531c0' }] });
  });

  it.each([
    ['a field that is none', [{ ...alice, passwd: 'x' }], 'subscriber 1: passwd is not a field'],
    ['no identity', [alice, { impi: 'b@ims.test', impus: [] }], 'subscriber 2: impus is empty'],
    ['no private identity', [{ impus: ['sip:x'] }], 'subscriber 1: impi is missing'],
    ['one identity twice', [alice, { ...alice, impi: 'b' }], "subscriber 2: impu sip:alice@ims.test is also alice@ims.test's"],
    ['a key that is too short', [{ ...alice, aka: { k: 'ab', opc: 'ab' } }], 'subscriber 1: k is not 16 bytes in hexadecimal'],
    ['a number for a text', [{ ...alice, realm: 5 }], 'subscriber 1: realm is no text'],
    ['no object', [null], 'subscriber 1: is no object'],
  ])('%s', (_what, subscribers, reason) => {
    expect(json(...subscribers)).toEqual({ ok: false, reason });
  });

  it('that is torn says so', () => {
    expect(readSubscribers('[{"impi":', 'x').ok).toBe(false);
    expect(readSubscribers('{"a":1}', 'x')).toEqual({ ok: false, reason: 'takes a list of subscribers' });
    expect(readSubscribers('sip:a,b,c', 'x')).toEqual({ ok: false, reason: 'subscriber 1: takes public_id,private_id,realm,password' });
  });
}); // prettier-ignore
