// Cx and Rf against a node of another make (python-diameter): its HSS answers our UAR, MAR, SAR and LIR, and pushes RTR and PPR.
import { systemClock } from '#libs/runtime';
import { APPLICATIONS } from '../dictionary/dictionary.js';
import type { Body } from '../message/write-message.js';
import type { DiameterNode } from '../node/node.js';
import type { Outcome } from '../node/requests.js';
import { callForeign, type ForeignPeer, startForeignPeer } from '../testing/foreign-peer.fixture.js';

const START_MS = 300_000;
const ALICE: Body = { 'User-Name': 'alice@ims.test', 'Public-Identity': 'sip:alice@ims.test' };
const SCSCF = 'sip:scscf.ims.test:5054;transport=tcp';

describe('python-diameter', () => {
  let peer: ForeignPeer;
  let node: DiameterNode;
  const pushed: string[] = [];
  beforeAll(async () => {
    peer = await startForeignPeer('pydiameter');
    node = await callForeign(peer, 'hss.ims.test', [APPLICATIONS.cx, APPLICATIONS.accounting]);
    for (const short of ['RTR', 'PPR'] as const)
      node.handle(short, ({ avps }) => {
        pushed.push(`${short} ${avps.get('User-Name')} ${avps.group('Deregistration-Reason')?.get('Reason-Code') ?? avps.get('User-Data')?.length}`);
        return { 'Result-Code': 2001 };
      });
  }, START_MS);
  afterAll(async () => {
    await (node as DiameterNode | undefined)?.stop();
    await (peer as ForeignPeer | undefined)?.stop();
  }, START_MS);

  const answered = async (asked: Promise<Outcome>) => {
    const outcome = await asked;
    if (outcome.kind !== 'answered') throw new Error(JSON.stringify(outcome));
    return { ...outcome.result, avps: outcome.answer.avps };
  };
  const uar = () => answered(node.request('UAR', { ...ALICE, 'Visited-Network-Identifier': Buffer.from('ims.test'), 'User-Authorization-Type': 0 }));
  const lir = () => answered(node.request('LIR', { 'Public-Identity': 'sip:alice@ims.test' }));
  const sar = (type: number) => answered(node.request('SAR', { ...ALICE, 'Server-Name': SCSCF, 'Server-Assignment-Type': type, 'User-Data-Already-Available': 0 }));

  /** The last line that it wrote of this kind; it writes some time after it was asked to. */
  const line = async (isIt: (one: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    for (let tries = 0; tries < 100; tries++) {
      const lines = peer.read('peer.jsonl').trim().split('\n').map((text) => JSON.parse(text) as Record<string, unknown>);
      const found = lines.findLast(isIt);
      if (found) return found;
      await new Promise<void>((resolve) => void systemClock.after(50, resolve));
    }
    throw new Error(peer.read('peer.err'));
  };

  it('answers a registration: UAR, MAR, SAR, then LIR and a UAR that know the S-CSCF', async () => {
    expect(await lir()).toMatchObject({ code: 5003, vendorId: 10_415 });
    const first = await uar();
    expect(first).toMatchObject({ code: 2001, vendorId: 10_415 });
    expect(first.avps.group('Server-Capabilities')?.get('Server-Name')).toBe('sip:scscf.ims.test:5054');

    const item = { 'SIP-Authentication-Scheme': 'Digest-AKAv1-MD5', 'SIP-Authorization': Buffer.alloc(30) };
    const mar = await answered(node.request('MAR', { ...ALICE, 'SIP-Auth-Data-Item': item, 'SIP-Number-Auth-Items': 1, 'Server-Name': SCSCF }));
    const vector = mar.avps.group('SIP-Auth-Data-Item');
    expect([mar.code, mar.vendorId, vector?.get('SIP-Authenticate')?.toString(), vector?.get('SIP-Authorization')?.toString()]).toEqual([2001, 0, 'R'.repeat(16) + 'A'.repeat(16), 'XRES0123']);
    expect([vector?.get('Confidentiality-Key')?.length, vector?.get('Integrity-Key')?.length]).toEqual([16, 16]);

    const saa = await sar(1);
    expect([saa.code, saa.avps.get('User-Data')?.toString()]).toEqual([2001, expect.stringContaining('<PrivateID>alice@ims.test</PrivateID>')]);
    const location = await lir();
    expect([location.code, location.avps.get('Server-Name')]).toEqual([2001, SCSCF]);
    expect(await uar()).toMatchObject({ code: 2002, vendorId: 10_415 });
    expect(await line(({ command }) => command === 'SAR')).toMatchObject({ impi: 'alice@ims.test', type: 1, server: SCSCF });
  });

  it('pushes RTR and PPR, and understands our answers', async () => {
    peer.type('rtr alice@ims.test');
    expect(await line(({ event }) => event === 'rtr-answer')).toMatchObject({ result: 2001 });
    peer.type('ppr alice@ims.test');
    expect(await line(({ event }) => event === 'ppr-answer')).toMatchObject({ result: 2001 });
    expect(pushed).toEqual(['RTR alice@ims.test 0', expect.stringMatching(/^PPR alice@ims.test \d\d\d$/)]);
  });

  it('takes an ACR, and sees its T flag', async () => {
    const acr: Body = { 'Session-Id': 'client.ims.test;1;1', 'Accounting-Record-Type': 2, 'Accounting-Record-Number': 1 };
    const aca = await answered(node.request('ACR', acr, { isRetransmitted: true }));
    expect([aca.code, aca.avps.get('Acct-Interim-Interval')]).toEqual([2001, 60]);
    expect(await line(({ command }) => command === 'ACR')).toMatchObject({ session: 'client.ims.test;1;1', number: 1, retransmitted: true });
  });

  it('refuses what it does not serve, and we read why', async () => {
    const outcome = await node.request('PPR', { 'Destination-Host': 'hss.ims.test', 'User-Name': 'alice@ims.test' });
    expect(outcome).toMatchObject({ kind: 'answered', result: { code: 3001 } });
  });
}); // prettier-ignore
