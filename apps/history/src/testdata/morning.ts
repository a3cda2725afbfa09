// A log with a morning of two users in it, for the tests of history.
import type { Binding, CallEvent, ChargingEvent, RegistrationEvent } from '#libs/domain';
import { createMemoryLog, MemoryDisk, type DomainEvent, type EmbeddedLog } from '#libs/event-log';
import { flowTokens } from '#libs/sip';
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { openHistorySource, type HistorySource } from '../history-source.js';

export const START_MS = Date.UTC(2030, 0, 1, 10);
export const ALICE = 'registration-sip:alice@ims.test';
export const CALL_ID = 'a84b@10.0.0.5';
export const ICID = '9f86d081884c7d65';

export const binding = (parts: Partial<Binding>): Binding => ({
  bindingId: 'sip:alice@10.0.0.5:40000',
  contact: 'sip:alice@10.0.0.5:40000',
  params: '',
  q: 1,
  callId: 'r1',
  cseq: 1,
  expiresAtMs: START_MS + 300_000,
  grantedS: 300,
  path: ['<sip:Zm9v@127.0.0.1:5058;lr;ob>'],
  impi: 'alice@ims.test',
  impu: 'sip:alice@ims.test',
  identities: ['sip:alice@ims.test'],
  ...parts,
});

const request = {
  method: 'INVITE',
  callId: CALL_ID,
  from: 'sip:alice@ims.test',
  to: 'sip:bob@ims.test',
  requestUri: 'sip:bob@ims.test',
};
const target = { bindingId: 'sip:bob@10.0.0.6:40010', contact: 'sip:bob@10.0.0.6:40010' };

const token = flowTokens(Buffer.alloc(32), 1).encode({ transport: 'udp', listener: 0, localAddress: '127.0.0.1', localPort: 5060, remoteAddress: '192.0.2.7', remotePort: 31000, connectionId: 0 }); // prettier-ignore

const registrations: readonly RegistrationEvent[] = [
  { type: 'BindingAdded', data: binding({}) },
  { type: 'BindingAdded', data: binding({ bindingId: 'tablet', contact: 'sip:alice@10.0.0.9:5062', grantedS: 60, expiresAtMs: START_MS + 70_000 }) },
  { type: 'BindingRefreshed', data: binding({ cseq: 2, expiresAtMs: START_MS + 320_000, path: [`<sip:${token}@127.0.0.1:5058;lr;ob>`] }) },
]; // prettier-ignore

const matched = [
  { priority: 1, server: 'sip:mmtel.ims.test', trigger: 'Method INVITE', invoked: false, why: 'no ISC' },
];
const calls: readonly (readonly [string, CallEvent | ChargingEvent])[] = [
  [`call-${ICID}`, { type: 'OriginatingServed', data: { ...request, served: request.from, registered: true, criteria: { evaluated: 3, matched }, next: 'I-CSCF' } }],
  [`call-${ICID}`, { type: 'TerminatingServed', data: { ...request, served: request.to, registered: true, criteria: { evaluated: 0, matched: [] }, targets: [target] } }],
  [`charging-${ICID}/d1/scscf/orig`, { type: 'ChargingStarted', data: { icid: ICID, callId: CALL_ID, nodeFunctionality: 0, role: 0, method: 'INVITE', callingParty: [request.from], calledParty: request.to, ccf: [], ecf: [], requestAtMs: 0, answerAtMs: 4_200 } }],
  [`call-${ICID}`, { type: 'CallAnswered', data: { status: 200, contact: target.contact } }],
  ['call-other', { type: 'CallFailed', data: { status: 486, cancelled: false } }],
  [`call-${ICID}`, { type: 'CallEnded', data: { by: 'callee' } }],
  [`charging-${ICID}/d1/scscf/orig`, { type: 'ChargingStopped', data: { causeCode: 0, atMs: 9 } }],
]; // prettier-ignore

export type HistoryFixture = Readonly<{
  clock: FakeClock;
  log: EmbeddedLog;
  source: HistorySource;
  append(stream: string, event: DomainEvent): Promise<void>;
  /** Damages a byte of the log, as a failing disk would. */
  damage(at: number): Promise<void>;
}>;

/** Each event is appended ten seconds after the one before; time then stands at the last one. */
export const openFixture = async (): Promise<HistoryFixture> => {
  const clock = createFakeClock(START_MS);
  const disk = new MemoryDisk();
  const log = await createMemoryLog({ disk, clock, random: createSeededRandom(1) });
  const append = async (stream: string, event: DomainEvent): Promise<void> => {
    await log.append(stream, [event]);
  };
  for (const event of registrations) {
    await append(ALICE, event);
    clock.advance(10_000);
  }
  for (const [stream, event] of calls) {
    await append(stream, event);
    clock.advance(10_000);
  }
  const damage = async (at: number): Promise<void> => {
    const [name] = (await disk.list('/data/log')).filter((each) => each.endsWith('.log'));
    disk.damage(`/data/log/${name}`, at);
  };
  const source = await openHistorySource({ directory: '/data', disk, clock });
  return { clock, log, source, append, damage };
};
