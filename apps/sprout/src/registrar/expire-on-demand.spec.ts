// What Chronos' callback does to a registration: lapsed bindings go, refreshed ones stay, and nobody lapses while the log is away.
import { AppendRefused, createMemoryLog } from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import type { Binding, Registration } from '#libs/domain';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { LogOutage } from '../log-outage.js';
import { expireOnDemand } from './expire-on-demand.js';
import type { ExpiryPorts } from './expiry.js';

const AOR = 'sip:a@t';

const stage = async () => {
  const clock = createFakeClock();
  const log = await createMemoryLog({ clock, random: createSeededRandom(1) });
  const store = createMemoryKeyValueStore<Registration>({ name: 'rows', clock });
  const registrations = new RegistrationRows(store, clock);
  const told: string[] = [];
  const outage = new LogOutage(clock, 300_000);
  const world = { isAway: false };
  const ports = {
    log: {
      append: (...of: Parameters<typeof log.append>) =>
        world.isAway ? Promise.reject(new AppendRefused('away')) : log.append(...of),
    },
    outage,
    registrations,
    homestead: {
      regData: (_aor: string, { reqtype }: { reqtype: string }) => {
        told.push(reqtype);
        return Promise.resolve({ ok: true });
      },
    } as unknown as Homestead,
    clock,
    observer: { count: () => undefined, fault: () => undefined },
  } as unknown as ExpiryPorts;
  const data = {
    bindingId: 'c', contact: 'sip:c', params: '', q: 1, callId: 'x', cseq: 1, grantedS: 60, path: [],
    expiresAtMs: clock.nowMs() + 60_000, impi: 'a', impu: AOR, identities: [AOR],
  } satisfies Binding; // prettier-ignore
  const stream = `registration-${AOR}`;
  const event = { type: 'BindingAdded', data } as const;
  const [position] = await log.append(stream, [event]);
  await registrations.apply(AOR, [{ event, stream, position: position! }]);
  const bindings = async () => Object.values((await registrations.load(AOR)).entries).filter(({ binding }) => binding).length; // prettier-ignore
  return { clock, world, told, bindings, expire: () => expireOnDemand(ports, { scscfUri: 'sip:s' }, AOR) };
};

it('removes what has lapsed, once, and tells Homestead when nothing is left', async () => {
  const { clock, told, bindings, expire } = await stage();
  expect(await expire()).toBe(true);
  expect([await bindings(), told]).toEqual([1, []]);
  clock.advance(60_000);
  for (let twice = 0; twice < 2; twice++) expect(await expire()).toBe(true);
  expect([await bindings(), told]).toEqual([0, ['dereg-timeout']]);
});

it('is to be asked again while the log is away, and for as long after as a registration lasts', async () => {
  const { clock, world, bindings, expire } = await stage();
  clock.advance(60_000);
  world.isAway = true;
  expect(await expire()).toBe(false);
  world.isAway = false;
  clock.advance(299_000);
  expect([await expire(), await bindings()]).toEqual([false, 1]);
  clock.advance(1_000);
  expect([await expire(), await bindings()]).toEqual([true, 0]);
});
