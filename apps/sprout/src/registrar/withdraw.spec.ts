// Registrations that the network ends: all of a set, or what some private identities registered; over HTTP as Homestead asks.
import { type Binding, liveBindings, type RegistrationEvent, streamOfRegistration } from '#libs/domain';
import { AppendUnknown, createMemoryLog } from '#libs/event-log';
import { createApiKeys, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createOpenApiCheck, createSeededRandom, type OpenApiCheck } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import type { RegistrarDoor } from '../http/registrar-door.js';
import { SproutModule } from '../http/sprout.module.js';
import { LogOutage } from '../log-outage.js';
import { updateRegistration } from './update-registration.js';
import { WITHDRAWALS_MAX, withdrawRegistrations } from './withdraw.js';

const AOR = 'sip:alice@ims.test';
const SETTINGS = { regMaxExpiresS: 300 };

const newPorts = async () => {
  const clock = createFakeClock();
  const log = await createMemoryLog({ clock, random: createSeededRandom(1) });
  const store = createMemoryKeyValueStore<never>({ name: 'rows', clock });
  const counted: string[] = [];
  const ports = {
    log,
    clock,
    outage: new LogOutage(clock, 300_000),
    registrations: new RegistrationRows(store, clock),
    observer: { count: (kind: string) => void counted.push(kind), fault: () => undefined },
  };
  const bind = (impi: string, aor = AOR) =>
    updateRegistration(ports, aor, {
      type: 'RegisterContacts',
      data: {
        contacts: [{ bindingId: impi, contact: `sip:${impi}`, params: '', q: 1, expiresS: 300 }],
        callId: impi,
        cseq: 1,
        nowMs: clock.nowMs(),
        minExpiresS: 60,
        maxExpiresS: 300,
        shared: { path: [], impi, impu: aor, identities: [aor] },
      },
    });
  const bound = async (aor = AOR) =>
    liveBindings(await ports.registrations.load(aor), clock.nowMs()).map(({ impi }: Binding) => impi);
  const events = async (aor = AOR) => {
    const found: RegistrationEvent[] = [];
    for await (const { event } of log.read(streamOfRegistration(aor))) found.push(event as RegistrationEvent);
    return found;
  };
  return { clock, ports, bind, bound, events, counted };
};

it('ends all of a set, by one event with a watermark', async () => {
  const { ports, bind, bound, events, counted } = await newPorts();
  await bind('phone@ims.test');
  await bind('tablet@ims.test');
  await withdrawRegistrations(ports, SETTINGS, [{ primaryImpu: AOR }]);
  expect(await bound()).toEqual([]);
  expect((await events()).slice(2)).toMatchObject([{ type: 'AllBindingsRemoved', data: { cause: 'administrative' } }]); // prettier-ignore
  expect(counted).toEqual(['withdrawn']);
  await bind('phone@ims.test');
  expect(await bound()).toEqual(['phone@ims.test']);
});

it('ends also what is not seen yet: a REGISTER whose append came before counts as gone', async () => {
  const { ports, events } = await newPorts();
  await withdrawRegistrations(ports, SETTINGS, [{ primaryImpu: AOR, impi: 'phone@ims.test' }]);
  expect(await events()).toMatchObject([{ type: 'AllBindingsRemoved' }]);
});

it('ends what the named private identities registered; what others did is bound as it was', async () => {
  const { ports, bind, bound, clock, events } = await newPorts();
  for (const impi of ['phone@ims.test', 'tablet@ims.test', 'desk@ims.test']) await bind(impi);
  const [, , desk] = await events();
  clock.advance(10_000);
  await withdrawRegistrations(ports, SETTINGS, [
    { primaryImpu: AOR, impi: 'phone@ims.test' },
    { primaryImpu: AOR, impi: 'tablet@ims.test' },
  ]);
  expect(await bound()).toEqual(['desk@ims.test']);
  expect((await events()).slice(3)).toEqual([
    expect.objectContaining({ type: 'AllBindingsRemoved' }),
    { type: 'BindingAdded', data: desk?.data },
  ]);
});

it('an entry without a private identity is all of the set', async () => {
  const { ports, bind, bound } = await newPorts();
  for (const impi of ['phone@ims.test', 'tablet@ims.test']) await bind(impi);
  await withdrawRegistrations(ports, SETTINGS, [{ primaryImpu: AOR, impi: 'phone@ims.test' }, { primaryImpu: AOR }]); // prettier-ignore
  expect(await bound()).toEqual([]);
});

it('rejects when the log may not have it: who asked asks again', async () => {
  const { ports, bind, bound } = await newPorts();
  await bind('phone@ims.test');
  const { log } = ports;
  ports.log = { ...log, append: () => Promise.reject(new AppendUnknown('no verdict')) };
  await expect(withdrawRegistrations(ports, SETTINGS, [{ primaryImpu: AOR }])).rejects.toThrow(AppendUnknown);
  ports.log = log;
  await withdrawRegistrations(ports, SETTINGS, [{ primaryImpu: AOR }]);
  expect(await bound()).toEqual([]);
});

describe('DELETE /registrations', () => {
  const KEY = 'k'.repeat(20);
  const door: RegistrarDoor = {};
  let asked: unknown;
  let server: HttpServer;
  let openApi: OpenApiCheck;
  beforeAll(async () => {
    const module = SproutModule.forRoot(door);
    const common = { host: '127.0.0.1', port: 0, title: 'Sprout', role: 'sprout', logger: silentLogger } as const;
    server = await startHttp({ ...common, module, apiKeys: createApiKeys([KEY]) });
    openApi = createOpenApiCheck(server.openApi());
  }); // prettier-ignore
  afterAll(() => server.close());

  const remove = async (payload: string, headers: Record<string, string> = { 'x-api-key': KEY }) => {
    const url = '/registrations?send-notifications=true';
    const { statusCode: status, body, headers: told } = await server.app.inject({ method: 'DELETE', url, payload, headers: { 'content-type': 'application/json', ...headers } });
    openApi.check({ method: 'DELETE', path: url, status, contentType: String(told['content-type'] ?? ''), body });
    return status;
  }; // prettier-ignore
  const ONE = '{"registrations":[{"primary-impu":"sip:a@x","impi":"a@x"},{"primary-impu":"sip:b@x"}]}';

  it('503 before the router runs; then what was asked is done before it is answered', async () => {
    delete door.withdraw;
    expect(await remove(ONE)).toBe(503);
    door.withdraw = (withdrawals) => Promise.resolve(void (asked = withdrawals));
    expect(await remove(ONE)).toBe(200);
    expect(asked).toEqual([{ primaryImpu: 'sip:a@x', impi: 'a@x' }, { primaryImpu: 'sip:b@x' }]);
    expect(await remove('{"registrations":[]}')).toBe(200);
  });

  it('400 for what is no such list, or too long a one', async () => {
    const many = JSON.stringify({ registrations: Array(WITHDRAWALS_MAX + 1).fill({ 'primary-impu': 'x' }) });
    for (const body of ['{', '[]', '{}', '{"registrations":{}}', '{"registrations":[1]}', '{"registrations":[{"impi":"a"}]}', '{"registrations":[{"primary-impu":"a","impi":1}]}', many])
      expect([body.slice(0, 50), await remove(body)]).toEqual([body.slice(0, 50), 400]);
  }); // prettier-ignore

  it('500 when the registrar fails, 401 without a key', async () => {
    door.withdraw = () => Promise.reject(new AppendUnknown('no verdict'));
    expect(await remove(ONE)).toBe(500);
    expect(await remove(ONE, {})).toBe(401);
  });
});
