// Rows that handlers write in any order and that a follower of the log repairs: what each does with a binding that lapsed.
import type { Recorded } from '#libs/decider';
import {
  type Binding,
  decideRegistration,
  NO_REGISTRATION,
  type Registration,
  type RegistrationEvent,
  streamOfRegistration,
  TOMBSTONE_GRACE_MS,
} from '#libs/domain';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { RegistrationRows } from './registrations-by-aor.store.js';

const AOR = 'sip:alice@ims.test';
const GRANTED_S = 60;
const DAY_S = 86_400;

const newRows = () => {
  const clock = createFakeClock();
  const rows = new RegistrationRows(createMemoryKeyValueStore<Registration>({ name: 'rows', clock }), clock);
  const binding: Binding = {
    bindingId: 'desk',
    contact: 'sip:desk@10.0.0.1',
    params: '',
    q: 1,
    callId: 'desk',
    cseq: 1,
    expiresAtMs: clock.nowMs() + GRANTED_S * 1000,
    grantedS: GRANTED_S,
    path: [],
    impi: 'alice@ims.test',
    impu: AOR,
    identities: [AOR],
  };
  return { clock, rows, added: at(1, { type: 'BindingAdded', data: binding }) };
};

const at = (offset: number, event: RegistrationEvent): Recorded<RegistrationEvent> => ({
  event,
  stream: streamOfRegistration(AOR),
  position: { generation: 1, partition: 0, offset },
});

const removalOf = (row: Registration, nowMs: number): Recorded<RegistrationEvent> => {
  const [removed] = decideRegistration(row, { type: 'ExpireBindings', data: { nowMs } });
  return at(2, removed!);
};

describe('a binding that lapsed long ago', () => {
  it('is there to be removed when the log that is followed tells of no removal, a day later too', async () => {
    const { clock, rows, added } = newRows();
    clock.advance(2 * DAY_S * 1000);
    const row = await rows.follow(AOR, [added]);
    expect(Object.keys(row.entries)).toEqual(['desk']);
    expect([...rows.all()]).toEqual([[AOR, row]]);
    expect(await rows.follow(AOR, [removalOf(row, clock.nowMs())])).toEqual(NO_REGISTRATION);
    expect([...rows.all()]).toEqual([]);
  });

  it('leaves nothing when the log tells of its removal, told once or again', async () => {
    const { clock, rows, added } = newRows();
    const removed = removalOf(await rows.apply(AOR, [added]), clock.nowMs() + GRANTED_S * 1000);
    clock.advance(GRANTED_S * 1000 + TOMBSTONE_GRACE_MS);
    for (let told = 0; told < 2; told++) {
      await rows.follow(AOR, [added]);
      await rows.follow(AOR, [removed]);
      expect([...rows.all()]).toEqual([]);
      await rows.follow(AOR, [added, removed]);
      expect([...rows.all()]).toEqual([]);
    }
  });

  it('applies as nothing when it comes late and alone: its removal may be forgotten', async () => {
    const { clock, rows, added } = newRows();
    clock.advance(GRANTED_S * 1000 + TOMBSTONE_GRACE_MS);
    expect(await rows.apply(AOR, [added])).toEqual(NO_REGISTRATION);
    expect([...rows.all()]).toEqual([]);
  });
});

describe('messages that are kept for application servers', () => {
  const news = (offset: number, nowMs: number) =>
    at(offset, {
      type: 'ThirdPartyRegistrationDue',
      data: {
        kind: 'initial',
        impu: AOR,
        servers: [],
        expiresAtMs: nowMs + 60_000,
        atMs: nowMs,
        by: 'run',
        request: 'REGISTER',
        response: 'SIP/2.0 200',
      },
    });

  it('are dropped once told, and do not come back when the log tells of them again', async () => {
    const { clock, rows, added } = newRows();
    const due = news(2, clock.nowMs());
    await rows.apply(AOR, [added, due]);
    await rows.told(AOR, due.position);
    const row = await rows.load(AOR);
    expect(row.news?.data).toEqual({ ...due.event.data, request: undefined, response: undefined });
    expect(JSON.stringify(row)).not.toMatch(/REGISTER|SIP\/2\.0/);
    expect(row.entries['desk']).toBeDefined();
    expect(await rows.follow(AOR, [added, due])).toEqual(row);
  });

  it('stay where newer ones have come meanwhile', async () => {
    const { clock, rows } = newRows();
    const [due, newer] = [news(2, clock.nowMs()), news(3, clock.nowMs())] as const;
    const row = await rows.apply(AOR, [due, newer]);
    await rows.told(AOR, due.position);
    expect([await rows.load(AOR), row.news?.data.request]).toEqual([row, 'REGISTER']);
  });
});
