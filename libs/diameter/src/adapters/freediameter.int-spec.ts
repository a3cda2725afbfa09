// Accounting to a CDF of another make: freeDiameter takes our ACRs, none refused; its own watchdogs and its good-bye are understood.
import { APPLICATIONS } from '../dictionary/dictionary.js';
import type { DiameterNode } from '../node/node.js';
import type { Outcome } from '../node/requests.js';
import type { Body } from '../message/write-message.js';
import { callForeign, type ForeignPeer, startForeignPeer } from '../testing/foreign-peer.fixture.js';

const START_MS = 300_000;
const REQUESTS = 10_000;
const AT_ONCE = 200;

const acr = (session: number, recordNumber: number, recordType: number): Body => ({
  'Session-Id': `client.ims.test;int;${session}`,
  'Accounting-Record-Type': recordType,
  'Accounting-Record-Number': recordNumber,
  'User-Name': 'alice@ims.test',
  'Acct-Interim-Interval': 60,
  'Event-Timestamp': 1_900_000_000 + session,
  'Service-Context-Id': '32260@3gpp.org',
  'Service-Information': {
    'Subscription-Id': [
      { 'Subscription-Id-Type': 2, 'Subscription-Id-Data': 'sip:alice@ims.test' },
      { 'Subscription-Id-Type': 0, 'Subscription-Id-Data': '15551234' },
    ],
    'IMS-Information': {
      'Event-Type': { 'SIP-Method': 'INVITE' },
      'Role-Of-Node': 0,
      'Node-Functionality': 0,
      'User-Session-Id': `call-${session}@10.0.0.1`,
      'Calling-Party-Address': ['sip:alice@ims.test', 'tel:+15551234'],
      'Called-Party-Address': 'sip:bob@ims.test',
      'Time-Stamps': { 'SIP-Request-Timestamp': 1_900_000_000, 'SIP-Response-Timestamp': 1_900_000_001 },
      'Inter-Operator-Identifier': { 'Originating-IOI': 'ims.test' },
      'IMS-Charging-Identifier': `icid-${session}`,
      'Cause-Code': 0,
    },
  },
});

describe('freeDiameter', () => {
  let peer: ForeignPeer;
  let node: DiameterNode;
  beforeAll(async () => {
    peer = await startForeignPeer('freediameter');
    node = await callForeign(peer, 'cdf.ims.test', [APPLICATIONS.accounting]);
  }, START_MS);
  afterAll(async () => {
    await (node as DiameterNode | undefined)?.stop();
    await (peer as ForeignPeer | undefined)?.stop();
  }, START_MS);

  it(`takes ${REQUESTS} ACRs, none refused`, async () => {
    const results = new Map<string, number>();
    const count = (outcome: Outcome): void => {
      const key = outcome.kind === 'answered' ? String(outcome.result?.code) : outcome.kind;
      results.set(key, (results.get(key) ?? 0) + 1);
    };
    let sent = 0;
    const one = async (): Promise<void> => {
      while (sent < REQUESTS) {
        const record = sent++;
        const type = [2, 3, 4][record % 3] ?? 2;
        count(await node.request('ACR', acr(Math.floor(record / 3), (record % 3) + 1, type), { timeoutMs: 20_000 }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    expect(Object.fromEntries(results)).toEqual({ 2001: REQUESTS });
  }, 120_000);

  it('reads what we write: groups, several values, times', () => {
    const dumped = peer.read('freediameter.log');
    for (const text of ['icid-7', 'call-7@10.0.0.1', "'Accounting-Record-Type'(480)", 'Subscription-Id-Data', 'tel:+15551234'])
      expect(dumped).toContain(text);
  });

  it('is asked again with the T flag, and takes it', async () => {
    const again = await node.request('ACR', acr(1, 1, 2), { isRetransmitted: true });
    expect(again).toMatchObject({ kind: 'answered', result: { code: 2001 } });
  });

  it('says good-bye when it is told so', async () => {
    await node.stop();
    expect(node.peers()[0]?.state).toBe('Closed');
    node = await callForeign(peer, 'cdf.ims.test', [APPLICATIONS.accounting]);
    expect(node.peers()[0]).toMatchObject({ state: 'I-Open', product: 'freeDiameter' });
  });
}); // prettier-ignore
