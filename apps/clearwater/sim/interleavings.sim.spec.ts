// Two changes of one registration row in every order of their reads, appends and writes: what was acknowledged stays.
import { LogOutage, updateRegistration } from '#apps/sprout';
import type { Position, Recorded } from '#libs/decider';
import {
  liveBindings,
  NO_REGISTRATION,
  type Registration,
  type RegistrationCommand,
  type RegistrationEvent,
} from '#libs/domain';
import type { DomainEvent, EventLog } from '#libs/event-log';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { inEveryOrder } from './every-order.js';
import { contactsOf, foldOf } from './races/race.js';
import { turnedLog, turnedStore } from './turned-ports.js';
import type { Turns } from './turns.js';

const clock = createFakeClock();
const BOUND_MS = clock.nowMs();
const LAPSED_MS = BOUND_MS + 60_000;

const register = (cseq: number, device = 'desk', expiresS = 60, nowMs = LAPSED_MS): RegistrationCommand => ({
  type: 'RegisterContacts',
  data: {
    contacts: [{ bindingId: device, contact: `sip:${device}@10.0.0.1`, params: '', q: 1, expiresS }],
    callId: device,
    cseq,
    nowMs,
    minExpiresS: 60,
    maxExpiresS: 300,
    shared: { path: [], impi: 'alice', impu: 'sip:alice@ims.test', identities: ['sip:alice@ims.test'] },
  },
});
const expire: RegistrationCommand = { type: 'ExpireBindings', data: { nowMs: LAPSED_MS } };
const clear: RegistrationCommand = {
  type: 'RemoveAllBindings',
  data: { cause: 'administrative', nowMs: LAPSED_MS, maxExpiresS: 300 },
};

/** A log that counts: durable at once, in the order of the appends. */
const newLog = () => {
  const history: Recorded<RegistrationEvent>[] = [];
  const append = (stream: string, events: readonly DomainEvent[]): Promise<readonly Position[]> => {
    const recorded = events.map((event, n) => ({
      event: event as RegistrationEvent,
      stream,
      position: { generation: 1, partition: 0, offset: history.length + n },
    }));
    history.push(...recorded);
    return Promise.resolve(recorded.map(({ position }) => position));
  };
  return { history, log: { append } as Partial<EventLog> as EventLog };
};

const AOR = 'sip:alice@ims.test';
const newStore = () => createMemoryKeyValueStore<Registration>({ name: 'rows', clock });

/** A row of its own for one play, with these devices bound: without and with turns. */
const boundRow = async (devices: readonly string[]) => {
  const { history, log } = newLog();
  const store = newStore();
  const outage = new LogOutage(clock, BOUND_MS);
  const ports = { log, outage, registrations: new RegistrationRows(store, clock) };
  for (const device of devices) await updateRegistration(ports, AOR, register(1, device, 60, BOUND_MS));
  return {
    row: async () => (await store.get(AOR))?.value ?? NO_REGISTRATION,
    history,
    at: (turns: Turns) => ({
      log: turnedLog(log, turns),
      outage,
      registrations: new RegistrationRows(turnedStore(store, turns), clock),
    }),
  };
};

/** All commands at once on a row; `holds` is told which devices are bound afterwards. */
const atOnce = (
  commands: readonly RegistrationCommand[],
  holds: (devices: readonly string[]) => void,
  more: readonly string[] = [],
): Promise<number> =>
  inEveryOrder(async (turns) => {
    const { at, history, row } = await boundRow(['desk', ...more]);
    const ports = at(turns);
    return {
      begin: () => Promise.all(commands.map((command) => updateRegistration(ports, AOR, command))),
      check: async () => {
        const after = await row();
        expect(contactsOf(after)).toBe(contactsOf(foldOf(history)));
        holds(liveBindings(after, LAPSED_MS).map(({ bindingId }) => bindingId));
      },
    };
  });

const hasDesk = (devices: readonly string[]): void => expect(devices).toContain('desk');

it('keeps the refreshed binding whenever the expiry of the former one strikes', async () => {
  expect(await atOnce([register(2), expire], hasDesk)).toBeGreaterThan(200);
});

it('keeps the refreshed binding whenever the former flow is found dead', async () => {
  const played = await inEveryOrder(async (turns) => {
    const { at, row } = await boundRow(['desk']);
    const ports = at(turns);
    let judged: Position | undefined;
    const failed = async (): Promise<void> => {
      const upTo = (await ports.registrations.load(AOR)).entries['desk']!.at;
      judged = upTo;
      await updateRegistration(ports, AOR, { type: 'RemoveFailedFlow', data: { bindingId: 'desk', upTo } });
    };
    return {
      begin: () => Promise.all([updateRegistration(ports, AOR, register(2)), failed()]),
      check: async () => {
        const { at: writtenAt, binding } = (await row()).entries['desk']!;
        // Only a call that has judged the refreshed binding itself may have taken it away.
        if (binding === undefined) expect(judged).toEqual(writtenAt);
        else expect(binding.cseq).toBe(2);
      },
    };
  });
  expect(played).toBeGreaterThan(200);
});

it('keeps both of two devices that register at once', async () => {
  await atOnce([register(2), register(1, 'mobile')], (devices) =>
    expect([...devices].sort()).toEqual(['desk', 'mobile']),
  );
});

it('keeps a device that registers while another one lapses', async () => {
  const held = (devices: readonly string[]): void => expect(devices).toEqual(['mobile']);
  await atOnce([register(2, 'mobile'), expire], held, ['mobile']);
});

it('leaves nothing that was bound before all was cleared', async () => {
  await atOnce([clear, expire], (devices) => expect(devices).toEqual([]), ['mobile']);
});

it('shows a broken order by its name', async () => {
  const never = (): void => expect(true).toBe(false);
  await expect(atOnce([register(2), expire], never)).rejects.toThrow('in the order');
});
