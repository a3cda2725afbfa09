// Application servers and what they are told: the newest only, by names that outlive a router, and nobody waits for it.
import type { Binding, RegistrationEvent, ServerNews, ToldServer } from '#libs/domain';
import { streamOfRegistration } from '#libs/domain';
import { createMemoryLog, MemoryDisk } from '#libs/event-log';
import type { Endpoint, OwnRequestUser, SipMessage } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { LogOutage } from '../log-outage.js';
import { ONE_OF_SEVERAL, SOLE_OWNER } from '../reg-event/ownership.port.js';
import { ServerTeller, type TellerPorts } from './server-teller.js';

const AOR = 'sip:alice@ims.test';
const STREAM = streamOfRegistration(AOR);
const AS1: ToldServer = { server: 'sip:as1.test', handling: 'continued', isDue: true, atEnd: true };
const AS2: ToldServer = { server: 'sip:as2.test', handling: 'terminated', isDue: true, atEnd: true };

const binding = (expiresAtMs: number): Binding => ({
  bindingId: 'phone',
  contact: 'sip:alice@10.0.0.1',
  params: '',
  q: 1,
  callId: 'c',
  cseq: 1,
  expiresAtMs,
  grantedS: 300,
  path: [],
  impi: 'alice@ims.test',
  impu: AOR,
  identities: [AOR],
});

type Sent = Readonly<{ server: string; expires: number; name: string; user: OwnRequestUser }>;

const newStage = async () => {
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const log = await createMemoryLog({ clock, random, disk: new MemoryDisk() });
  const rows = new RegistrationRows(createMemoryKeyValueStore({ name: 'rows', clock }), clock);
  const sent: Sent[] = [];
  const request: Endpoint['request'] = (text, _hop, user) => {
    const [, server = ''] = /^REGISTER (\S+)/.exec(text)!;
    sent.push({ server, expires: Number(/^Expires: (\d+)/m.exec(text)![1]), name: /^Call-ID: (\S+)/m.exec(text)![1]!, user }); // prettier-ignore
    return { cancel: () => undefined };
  };
  const append = async (...events: RegistrationEvent[]): Promise<void> => {
    const positions = await log.append(STREAM, events);
    await rows.apply(AOR, events.map((event, n) => ({ event, stream: STREAM, position: positions[n]! }))); // prettier-ignore
  };
  await log.subscribe({
    topics: ['registration'],
    group: 'rows',
    startAt: 'oldest',
    onBatch: async (events) => void (await rows.follow(AOR, events as never)),
  });
  const router = async (run = 'run', ownership = SOLE_OWNER, load = (aor: string) => rows.load(aor)) => {
    const ports = {
      log,
      outage: new LogOutage(clock, 0),
      registrations: { load, apply: rows.apply.bind(rows), told: rows.told.bind(rows) },
      homestead: { regData: async () => ({ ok: false, failure: 'not-found' }) },
      clock,
      observer: { fault: () => undefined, count: () => undefined },
      ownership,
      run: () => run,
      endpoint: () => ({ request }) as unknown as Endpoint,
    } as unknown as TellerPorts;
    const teller = new ServerTeller(ports, {
      scscfUri: 'sip:scscf.test',
      ownHosts: new Set(),
      regMaxExpiresS: 300,
    });
    const feed = await log.subscribe({
      topics: ['registration'],
      group: `teller-${run}`,
      startAt: 'newest',
      onBatch: (events) => {
        for (const event of events as never[]) teller.noticed(event);
      },
    });
    teller.begin(AOR, await rows.load(AOR));
    return async () => {
      teller.stop();
      await feed.stop();
    };
  };
  const due = (more: Partial<ServerNews> = {}): RegistrationEvent => ({
    type: 'ThirdPartyRegistrationDue',
    data: {
      kind: 'initial',
      impu: AOR,
      servers: [AS1, AS2],
      expiresAtMs: clock.nowMs() + 300_000,
      atMs: clock.nowMs(),
      by: 'run',
      ...more,
    },
  });
  const bind = (more: Partial<ServerNews> = {}): Promise<void> =>
    append({ type: 'BindingAdded', data: binding(clock.nowMs() + 300_000) }, due(more));
  const rest = async (): Promise<void> => {
    for (let n = 0; n < 4; n++) {
      await settle();
      clock.advance(1);
    }
    await settle();
  };
  const answer = ({ user }: Sent, status: number): void => user.response({ status } as SipMessage);
  const told = () => sent.map(({ server, expires }) => `${server} ${expires}`);
  return { clock, append, router, bind, due, rest, sent, told, answer, rows };
};

it('tells all at once, and of what came meanwhile the newest only', async () => {
  const { clock, router, bind, due, append, rest, sent, told, answer } = await newStage();
  await router();
  await bind();
  await rest();
  expect(told()).toEqual(['sip:as1.test 300', 'sip:as2.test 300']);
  answer(sent[1]!, 200);
  for (const expiresS of [100, 200, 150]) await append(due({ expiresAtMs: clock.nowMs() + expiresS * 1000 }));
  await rest();
  for (const each of sent.slice(2)) answer(each, 200);
  answer(sent[0]!, 200);
  await rest();
  expect(
    told()
      .slice(2)
      .filter((each) => each.startsWith('sip:as1')),
  ).toEqual(['sip:as1.test 150']);
  expect(told().findLast((each) => each.startsWith('sip:as2'))).toMatch(/ 150$/);
});

it('repeats after a crash what may not have been told, by the same name', async () => {
  const { clock, router, bind, rest, sent } = await newStage();
  const die = await router();
  await bind();
  await rest();
  await die();
  const dieToo = await router();
  expect(sent.map(({ name }) => name).slice(2)).toEqual(sent.map(({ name }) => name).slice(0, 2));
  await dieToo();
  clock.advance(70_000);
  await router();
  expect(sent).toHaveLength(4);
});

it('tells of an end that nobody asked for, also when it came while nobody was there', async () => {
  for (const isThere of [true, false]) {
    const { clock, router, bind, append, rest, told, sent, answer } = await newStage();
    const die = await router();
    await bind();
    await rest();
    for (const each of [...sent]) answer(each, 200);
    if (!isThere) await die();
    clock.advance(80_000);
    await append({ type: 'AllBindingsRemoved', data: { cause: 'administrative', grantedUntilMs: clock.nowMs() + 300_000 } }); // prettier-ignore
    await rest();
    if (!isThere) await router();
    await rest();
    expect(told().slice(2)).toEqual(['sip:as1.test 0', 'sip:as2.test 0']);
  }
});

it.each([
  ['tells of an end', false],
  ['tells of no end where a phone has come back', true],
])('%s by the log, where the row that it reads is older', async (_what, isBack) => {
  const { clock, router, bind, append, rest, sent, told, answer, rows } = await newStage();
  await bind({ servers: [AS1] });
  const older = await rows.load(AOR);
  await router('run', SOLE_OWNER, () => Promise.resolve(older));
  answer(sent[0]!, 200);
  const grantedUntilMs = clock.nowMs() + 300_000;
  await append({ type: 'AllBindingsRemoved', data: { cause: 'network', grantedUntilMs } });
  if (isBack) await append({ type: 'BindingAdded', data: binding(grantedUntilMs) });
  await rest();
  expect(told().slice(1)).toEqual(isBack ? [] : ['sip:as1.test 0']);
});

it('ends the registration when a server fails that it cannot go on without, unless it is another one by then', async () => {
  for (const isNewer of [false, true]) {
    const { router, bind, rest, sent, answer, rows } = await newStage();
    await router();
    await bind();
    await rest();
    answer(sent[0]!, 503);
    if (isNewer) await bind({ servers: [AS1] });
    answer(sent[1]!, 500);
    await rest();
    expect((await rows.load(AOR)).watermark === undefined).toBe(isNewer);
  }
});

it('is done by the router that answered the REGISTER, where there are several', async () => {
  const { router, bind, append, rest, clock, told, sent, answer } = await newStage();
  await router('a', ONE_OF_SEVERAL);
  await router('b', ONE_OF_SEVERAL);
  await bind({ by: 'b', servers: [AS1] });
  await rest();
  answer(sent[0]!, 200);
  await append({ type: 'AllBindingsRemoved', data: { cause: 'network', grantedUntilMs: clock.nowMs() } });
  await rest();
  expect(told()).toEqual(['sip:as1.test 300', 'sip:as1.test 0']);
});

it('ends the registration after a fault of the store or the log too, as soon as they are back, unless it is another one by then', async () => {
  for (const isNewer of [false, true]) {
    const { clock, router, bind, rest, sent, answer, rows } = await newStage();
    let faults = 0;
    await router('run', SOLE_OWNER, (aor) => (faults-- > 0 ? Promise.reject(new Error('away')) : rows.load(aor)));
    await bind({ servers: [AS2] });
    await rest();
    faults = 3;
    answer(sent[0]!, 500);
    await rest();
    const isEnded = async () => (await rows.load(AOR)).watermark !== undefined;
    expect([faults, await isEnded()]).toEqual([2, false]);
    if (isNewer) await bind({ servers: [AS1] });
    for (const ms of [1_000, 2_000, 4_000]) {
      expect(await isEnded()).toBe(false);
      clock.advance(ms);
      await rest();
    }
    expect(await isEnded()).toBe(!isNewer);
    clock.advance(600_000);
    await rest();
    expect(clock.pending).toBe(0);
  }
}); // prettier-ignore

it('gives up an end that is never taken, after so many tries', async () => {
  const { clock, router, bind, rest, sent, answer, rows } = await newStage();
  let loads = 0;
  await router('run', SOLE_OWNER, () => Promise.reject(new Error(`away ${++loads}`)));
  await bind({ servers: [AS2] });
  await rest();
  answer(sent[0]!, 503);
  for (let minutes = 0; minutes < 30; minutes++) {
    await rest();
    clock.advance(60_000);
  }
  await rest();
  expect([loads, (await rows.load(AOR)).watermark]).toEqual([20, undefined]);
});

it('keeps the messages for servers in the row until the last is told, and after a crash tells of those alone', async () => {
  const { router, bind, rest, sent, answer, rows } = await newStage();
  const die = await router();
  const kept = async () => (await rows.load(AOR)).news?.data.request;
  await bind({ request: 'REGISTER sip:ims.test SIP/2.0' });
  await rest();
  answer(sent[0]!, 200);
  await rest();
  expect(await kept()).toMatch(/^REGISTER/);
  await die();
  const dieToo = await router();
  await rest();
  expect(sent).toHaveLength(4);
  for (const each of sent.slice(2)) answer(each, 200);
  await rest();
  expect(await kept()).toBeUndefined();
  await dieToo();
  await router();
  await rest();
  expect(sent).toHaveLength(4);
});
