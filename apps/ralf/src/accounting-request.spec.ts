// Accounting requests as they are written: of sessions of our own, and of what clients tell by AVP names (backend.md §5.2).
import fc from 'fast-check';
import { APPLICATIONS, checkRequest, FLAG, parseMessage, requestGrammar, writeMessage } from '#libs/diameter';
import type { ChargingRecord } from '#libs/domain';
import { accountingRequest, digestOf, sessionIdOf } from './accounting-request.js';
import { readJsonAvps } from './json-avps.js';
import { NAMES } from './ralf.fixture.js';

const about = { icid: 'i', callId: 'c', nodeFunctionality: 0, role: 1, method: 'INVITE', callingParty: ['sip:a@t', 'tel:+1'], calledParty: 'tel:+15551234', ccf: [], ecf: [] } as const; // prettier-ignore
const record = (more: Partial<ChargingRecord> = {}): ChargingRecord => ({
  session: { generation: 1, partition: 3, offset: 42 },
  sessionMs: 1_893_456_000_999,
  number: 2,
  kind: 'STOP',
  atMs: 1_893_456_001_500,
  loggedMs: 0,
  about,
  causeCode: 0,
  ...more,
});

/** As a CDF gets it: read back, and judged by the grammar. */
const received = (of: ChargingRecord) => {
  const header = { flags: FLAG.request | FLAG.proxiable, command: 271, applicationId: APPLICATIONS.accounting.id, hopByHop: 1, endToEnd: 1 }; // prettier-ignore
  const { 'Session-Id': sessionId, ...rest } = accountingRequest(of, NAMES);
  const bytes = writeMessage(header, { 'Session-Id': sessionId, 'Origin-Host': 'r.t', 'Origin-Realm': 't', ...rest, 'Acct-Application-Id': 3 }); // prettier-ignore
  const { message } = parseMessage(bytes) as Extract<ReturnType<typeof parseMessage>, { message: unknown }>;
  return { message, fault: checkRequest(message, requestGrammar(message.applicationId, message.command)!) };
};

describe('a record of our own', () => {
  it.each(['EVENT', 'START', 'INTERIM', 'STOP'] as const)('is as the grammar has it: %s', (kind) => {
    const { message, fault } = received(record({ kind, requestAtMs: 1_893_456_000_100, answerAtMs: 1_893_456_001_500 })); // prettier-ignore
    expect(fault).toBeUndefined();
    expect(message.avps.get('Event-Timestamp')).toBe(1_893_456_001);
  });

  it('names the called party where it terminates, a number as a number', () =>
    expect(accountingRequest(record(), NAMES)['Service-Information']).toMatchObject({
      'Subscription-Id': { 'Subscription-Id-Type': 0, 'Subscription-Id-Data': '15551234' },
      'IMS-Information': { 'Calling-Party-Address': ['sip:a@t', 'tel:+1'], 'Cause-Code': 0 },
    }));

  it('of a session whose START is missing says what the name of the stream said', () => {
    const bare = { icid: 'i', nodeFunctionality: 0, role: 0, ccf: [], ecf: [] } as const;
    expect(received(record({ about: bare })).fault).toBeUndefined();
  });

  it('has a Session-Id of the log alone, and the same digest at every node and time', () => {
    expect(sessionIdOf('ralf.t', record())).toBe('ralf.t;1893456000;42;1.3');
    expect(digestOf(accountingRequest(record(), NAMES))).toBe(digestOf(accountingRequest(record({ loggedMs: 9 }), NAMES))); // prettier-ignore
    expect(digestOf(accountingRequest(record(), NAMES))).not.toBe(digestOf(accountingRequest(record({ number: 3 }), NAMES))); // prettier-ignore
  });
});

describe('what a client tells', () => {
  const avps = {
    'Accounting-Record-Type': 4,
    'Session-Id': 'mine',
    'Origin-Host': 'evil.t',
    'User-Name': 'alice@t',
    'Acct-Interim-Interval': 600,
    'Accounting-Sub-Session-Id': 7,
    'Service-Information': {
      'Subscription-Id': [{ 'Subscription-Id-Type': 2, 'Subscription-Id-Data': 'sip:a@t' }],
      'IMS-Information': {
        'Role-Of-Node': 0,
        'Node-Functionality': 6,
        'Calling-Party-Address': ['sip:b@t', 'sip:a@t'],
        'Time-Stamps': { 'SIP-Request-Timestamp': 1_893_456_000 },
        'Access-Network-Information': 'IEEE-802.11',
        Unheard: 1,
        'Cause-Code': true,
        Expires: 1.5,
        'Called-Party-Address': null,
      },
    },
  };

  it('is written by the names, in its order; what is ours to say, unknown or of another type is not', () => {
    const { message, fault } = received(record({ avps }));
    expect(fault).toBeUndefined();
    expect(message.avps.get('Session-Id')).toBe('ralf.ims.test;1893456000;42;1.3');
    expect(message.avps.get('User-Name')).toBe('alice@t');
    expect(message.avps.get('Accounting-Sub-Session-Id')).toBe(7n);
    const ims = message.avps.group('Service-Information')?.group('IMS-Information');
    expect(ims?.all('Calling-Party-Address')).toEqual(['sip:b@t', 'sip:a@t']);
    expect(ims?.get('Access-Network-Information')?.toString()).toBe('IEEE-802.11');
    expect([ims?.has('Cause-Code'), ims?.has('Called-Party-Address'), message.avps.get('Origin-Host')]).toEqual([false, false, 'r.t']); // prettier-ignore
    expect(readJsonAvps(avps).dropped).toEqual(['Unheard', 'Cause-Code', 'Expires', 'Called-Party-Address']);
  });

  it('is never a fault of ours, whatever it is', () => {
    const names = ['User-Name', 'Service-Information', 'IMS-Information', 'Cause-Code', 'Event-Type', 'Served-Party-IP-Address', 'Destination-Host', 'Class', '__proto__', 'x']; // prettier-ignore
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 12 },
        fc.constantFrom(null, true, -1, 2 ** 40, 1e300, '', '\ud800', 'x'.repeat(70_000)),
        fc.string(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
      ),
    }));
    const told = fc.dictionary(fc.constantFrom(...names), value as fc.Arbitrary<unknown>, { maxKeys: 6 });
    fc.assert(fc.property(told, (any) => void writeMessage({ flags: FLAG.request, command: 271, applicationId: 3, hopByHop: 0, endToEnd: 0 }, readJsonAvps(any).body)), { numRuns: 200 }); // prettier-ignore
  });
});
