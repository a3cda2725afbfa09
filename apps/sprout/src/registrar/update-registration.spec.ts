// Durable, then shown, then answered: each step waits for the one before it.
import type { Position } from '#libs/decider';
import { liveBindings, type Registration, type RegistrationCommand } from '#libs/domain';
import { AppendUnknown, type EventLog } from '#libs/event-log';
import { createMemoryKeyValueStore, StoreUnavailable } from '#libs/stores';
import { createFakeClock, settle } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { LogOutage } from '../log-outage.js';
import { updateRegistration } from './update-registration.js';

const AOR = 'sip:alice@ims.test';
const register = (cseq: number): RegistrationCommand => ({
  type: 'RegisterContacts',
  data: {
    contacts: [{ bindingId: 'phone', contact: 'sip:a@10.0.0.1', params: '', q: 1, expiresS: 300 }],
    callId: 'call',
    cseq,
    nowMs: 0,
    minExpiresS: 60,
    maxExpiresS: 300,
    shared: { path: [], impi: 'alice@ims.test', impu: AOR, identities: [AOR] },
  },
});

/** A log and a store that go on when they are told to. */
const newPorts = () => {
  const clock = createFakeClock(0);
  const store = createMemoryKeyValueStore<Registration>({ name: 'rows', clock });
  const log = Promise.withResolvers<readonly Position[]>();
  const write = Promise.withResolvers<void>();
  const rows = {
    ...store,
    cas: async (...args: Parameters<typeof store.cas>) => {
      await write.promise;
      return store.cas(...args);
    },
  };
  const ports = {
    log: { append: () => log.promise } as Partial<EventLog> as EventLog,
    outage: new LogOutage(clock, 300_000),
    registrations: new RegistrationRows(rows, clock),
  };
  const state = { over: false };
  const done = updateRegistration(ports, AOR, register(1)).finally(() => (state.over = true));
  done.catch(() => undefined);
  const row = async () => liveBindings((await store.get(AOR))?.value ?? { entries: {} }, 0);
  return { clock, ports, log, write, done, state, row };
};

const AT: readonly Position[] = [{ generation: 1, partition: 0, offset: 0 }];

it('shows nothing before it is durable, and answers nothing before it is shown', async () => {
  const { log, write, done, state, row } = newPorts();
  await settle();
  expect(await row()).toEqual([]);
  log.resolve(AT);
  await settle();
  expect([state.over, await row()]).toEqual([false, []]);
  write.resolve();
  expect(liveBindings((await done).after, 0)).toMatchObject([{ cseq: 1 }]);
  expect(await row()).toMatchObject([{ cseq: 1 }]);
});

it('is no success when what is durable cannot be shown', async () => {
  const { log, write, done } = newPorts();
  log.resolve(AT);
  write.reject(new StoreUnavailable('away'));
  await expect(done).rejects.toThrow(StoreUnavailable);
});

it('is no success when it is not known to be durable, and tells of the outage', async () => {
  const { clock, ports, log, write, done, row } = newPorts();
  write.resolve();
  log.reject(new AppendUnknown('late'));
  await expect(done).rejects.toThrow(AppendUnknown);
  clock.advance(1_000);
  expect([await row(), ports.outage.judgedAtMs(clock.nowMs())]).toEqual([[], 0]);
});

it('tells when the log takes events again', async () => {
  const { clock, ports, log, write, done } = newPorts();
  ports.outage.failed(new AppendUnknown('late'));
  write.resolve();
  log.resolve(AT);
  await done;
  clock.advance(300_000);
  expect(ports.outage.judgedAtMs(clock.nowMs())).toBe(clock.nowMs());
});
