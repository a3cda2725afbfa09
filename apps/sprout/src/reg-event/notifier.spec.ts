// Documents of watchers as the log and the network really are: routers that die between number and sending, two of them at once, a log
// that says neither yes nor no, watchers that fail. The notifier stands alone; its network is a list.
import fc from 'fast-check';
import {
  type Binding,
  heldSubscriptions,
  type RegistrationEvent,
  streamOfRegistration,
  type Subscription,
} from '#libs/domain';
import { AppendUnknown, createMemoryLog, type EventLog, MemoryDisk } from '#libs/event-log';
import type { Endpoint, OwnRequestUser, SipMessage } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { LogOutage } from '../log-outage.js';
import { Notifier } from './notifier.js';
import { ONE_OF_SEVERAL, SOLE_OWNER } from './ownership.port.js';

const AOR = 'sip:alice@ims.test';
const STREAM = streamOfRegistration(AOR);

const binding = (bindingId: string, cseq: number, expiresAtMs: number): Binding => ({
  bindingId,
  contact: `sip:${bindingId}@10.0.0.1`,
  params: '',
  q: 1,
  callId: 'c',
  cseq,
  expiresAtMs,
  grantedS: 300,
  path: [],
  impi: 'alice@ims.test',
  impu: AOR,
  identities: [AOR],
});

type Sent = Readonly<{
  to: string;
  cseq: number;
  version: number;
  isFull: boolean;
  text: string;
  user: OwnRequestUser;
}>;

const sentFrom = (text: string, user: OwnRequestUser): Sent => ({
  to: /^NOTIFY (\S+)/.exec(text)![1]!,
  cseq: Number(/^CSeq: (\d+)/m.exec(text)![1]),
  version: Number(/version="(\d+)" state/.exec(text)![1]),
  isFull: text.includes('state="full"'),
  text,
  user,
});

/** RFC 3680 §5.2: what a watcher makes of its documents. */
class Table {
  version = -1;
  readonly contacts = new Set<string>();
  problems: string[] = [];

  take({ text, version, isFull }: Sent): void {
    if (version <= this.version) this.problems.push(`version ${version} after ${this.version}`);
    if (version > this.version + 1 && !isFull) this.problems.push(`gap before partial ${version}`);
    this.version = version;
    if (isFull) this.contacts.clear();
    for (const [, state, uri] of text.matchAll(/<contact id="[^"]*" state="(\w+)"[^>]*><uri>([^<]*)</g))
      if (state === 'active') this.contacts.add(uri!);
      else this.contacts.delete(uri!);
  }
}

const newStage = async () => {
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const log = await createMemoryLog({ clock, random, disk: new MemoryDisk() });
  const rows = new RegistrationRows(createMemoryKeyValueStore({ name: 'rows', clock }), clock);
  const sent: Sent[] = [];
  const request: Endpoint['request'] = (text, _hop, user) => {
    sent.push(sentFrom(text, user));
    return { cancel: () => undefined };
  };
  const append = async (...events: RegistrationEvent[]): Promise<void> => {
    const positions = await log.append(STREAM, events);
    const recorded = events.map((event, n) => ({ event, stream: STREAM, position: positions[n]! }));
    await rows.apply(AOR, recorded);
  };
  const router = async (own: EventLog = log, ownership = SOLE_OWNER) => {
    const name = random.token(13);
    const ports = {
      log: own,
      outage: new LogOutage(clock, 0),
      registrations: rows,
      clock,
      run: () => name,
      observer: { fault: () => undefined, count: () => undefined },
      ownership,
      endpoint: () => ({ request }) as unknown as Endpoint,
    };
    const notifier = new Notifier(ports, { scscfUri: 'sip:scscf.ims.test' });
    const feed = await log.subscribe({
      topics: ['registration'],
      group: `notifier-${random.token(8)}`,
      startAt: 'newest',
      onBatch: (events) => {
        for (const event of events as never[]) notifier.noticed(event);
        notifier.settled();
      },
      onFailure: (error) => {
        throw error;
      },
    });
    notifier.begin(AOR, await rows.load(AOR));
    return {
      notifier,
      async die() {
        notifier.stop();
        await feed.stop();
      },
    };
  };
  /** The rows' own reader of the log. */
  await log.subscribe({
    topics: ['registration'],
    group: 'rows',
    startAt: 'oldest',
    onBatch: async (events) => void (await rows.follow(AOR, events as never)),
  });
  const watch = (id: string, more: Partial<Subscription> = {}): Promise<void> =>
    append({
      type: 'SubscriptionAdded',
      data: {
        subscriptionId: id,
        watcher: AOR,
        contact: `sip:${id}@10.9.9.9`,
        routes: [],
        callId: id,
        from: `<${AOR}>;tag=x`,
        to: `<${AOR}>`,
        cseq: 1,
        expiresAtMs: clock.nowMs() + 400_000,
        grantedS: 400,
        ...more,
      },
    });
  const rest = async (): Promise<void> => {
    for (let n = 0; n < 5; n++) {
      await settle();
      clock.advance(n === 0 ? 25 : 0);
    }
    await settle();
  };
  const bind = (id: string, cseq = 1): Promise<void> =>
    append({ type: 'BindingAdded', data: binding(id, cseq, clock.nowMs() + 300_000) });
  const unbind = (id: string): Promise<void> =>
    append({
      type: 'BindingRemoved',
      data: {
        bindingId: id,
        contact: `sip:${id}@10.0.0.1`,
        cause: 'client',
        grantedUntilMs: clock.nowMs() + 300_000,
      },
    });
  const answer = (sending: Sent, status: number): void =>
    status === 408 ? sending.user.failed(408) : sending.user.response({ status } as SipMessage);
  const held = async () =>
    heldSubscriptions((await rows.load(AOR)).subscriptions).map((each) => each.subscriptionId);
  return { clock, log, rows, sent, append, router, watch, rest, bind, unbind, answer, held };
};

it('tells one watcher at a time: what happens while it has not answered comes together in the next document', async () => {
  const { sent, router, watch, rest, bind, unbind, answer } = await newStage();
  await router();
  await bind('phone');
  await watch('w');
  await rest();
  expect(sent).toMatchObject([{ version: 0, cseq: 1, isFull: true }]);
  await bind('a');
  await bind('b');
  await unbind('a');
  await rest();
  expect(sent).toHaveLength(1);
  answer(sent[0]!, 200);
  await rest();
  expect(sent[1]).toMatchObject({ version: 1, cseq: 2, isFull: false });
  expect(sent[1]!.text).toMatch(/terminated" event="unregistered"[^<]*><uri>sip:a@.*created.*sip:b@/s);
});

it('holds nobody up for a watcher that is silent', async () => {
  const { sent, router, watch, rest, bind, answer, held } = await newStage();
  await router();
  await bind('phone');
  await watch('dead');
  await watch('live');
  await rest();
  for (let n = 0; n < 20; n++) {
    answer(
      sent.findLast(({ to }) => to.startsWith('sip:live'))!,
      200,
    );
    await bind('phone', n + 2);
    await rest();
  }
  expect(sent.filter(({ to }) => to.startsWith('sip:live')).map(({ version }) => version)).toEqual(
    Array.from({ length: 21 }, (_, n) => n),
  );
  expect(sent.filter(({ to }) => to.startsWith('sip:dead'))).toHaveLength(1);
  answer(
    sent.find(({ to }) => to.startsWith('sip:dead'))!,
    408,
  );
  await rest();
  expect(await held()).toEqual(['live']);
});

it.each([481, 489, 404, 430, 603])('ends the subscription of who answers %i', async (status) => {
  const { sent, router, watch, rest, bind, answer, held } = await newStage();
  await router();
  await bind('phone');
  await watch('w');
  await rest();
  answer(sent[0]!, status);
  await rest();
  expect(await held()).toEqual([]);
  await bind('phone', 2);
  await rest();
  expect(sent).toHaveLength(1);
});

it('tries again with full state after a fault on the way, and gives up in the end', async () => {
  const { clock, sent, router, watch, rest, bind, answer, held } = await newStage();
  await router();
  await bind('phone');
  await watch('w');
  await rest();
  for (let tries = 1; tries < 4; tries++) {
    answer(sent.at(-1)!, 503);
    await rest();
    clock.advance(5_000);
    await rest();
    expect(sent.at(-1)).toMatchObject({ version: tries, isFull: true });
  }
  answer(sent.at(-1)!, 500);
  await rest();
  expect(await held()).toEqual([]);
});

it('begins with full state and the next numbers after a crash, also of one between number and sending', async () => {
  const { log, sent, router, watch, rest, bind } = await newStage();
  const first = await router();
  await bind('phone');
  await watch('w');
  await rest();
  await first.die();
  // Numbered by a life of which nobody heard any more.
  await log.append(STREAM, [
    {
      type: 'SubscriptionNotified',
      data: {
        subscriptionId: 'w',
        version: 1,
        cseq: 2,
        document: 'partial',
        by: 'gone',
        upTo: { generation: 0, partition: 0, offset: 0 },
        grantedUntilMs: 400_000,
      },
    },
  ]);
  await bind('desk');
  await rest();
  await router();
  await rest();
  expect(sent).toHaveLength(2);
  expect(sent[1]).toMatchObject({ version: 2, cseq: 3, isFull: true });
  expect(sent[1]!.text).toContain('sip:desk@10.0.0.1');
});

it('goes on after an append of which nobody knows: each number is sent once, or never', async () => {
  const { clock, log, sent, router, watch, rest, bind, answer } = await newStage();
  let isUnknown = false;
  const doubtful: EventLog = {
    ...log,
    append: async (stream, events, options) => {
      const positions = await log.append(stream, events, options);
      if (isUnknown) throw new AppendUnknown('late');
      return positions;
    },
  };
  await router(doubtful);
  await bind('phone');
  await watch('w');
  await rest();
  answer(sent[0]!, 200);
  isUnknown = true;
  await bind('desk');
  await rest();
  isUnknown = false;
  clock.advance(5_000);
  await rest();
  for (const each of sent.slice(1)) answer(each, 200);
  await rest();
  const table = new Table();
  for (const each of sent) table.take(each);
  expect([table.problems, [...table.contacts].sort()]).toEqual([
    [],
    ['sip:desk@10.0.0.1', 'sip:phone@10.0.0.1'],
  ]);
  expect(new Set(sent.map(({ cseq }) => cseq)).size).toBe(sent.length);
});

it('tells who refreshes while its end is being written', async () => {
  const { log, sent, router, watch, rest, bind, answer, held } = await newStage();
  let isRefreshed = false;
  const overtaken: EventLog = {
    ...log,
    append: async (stream, events, options) => {
      if (events.some(({ type }) => type === 'SubscriptionRemoved')) {
        isRefreshed = true;
        await watch('w', { cseq: 2 });
        await settle();
      }
      return log.append(stream, events, options);
    },
  };
  await router(overtaken);
  await bind('phone');
  await watch('w');
  await rest();
  answer(sent[0]!, 481);
  await rest();
  expect([isRefreshed, await held()]).toEqual([true, ['w']]);
  expect(sent.slice(1)).toMatchObject([{ version: 1, isFull: true }]);
});

it('goes on with who begins to watch while the one before it waits for another try', async () => {
  const { clock, rows, sent, append, router, watch, rest, bind, answer } = await newStage();
  await router();
  await bind('phone');
  await watch('w');
  await rest();
  answer(sent[0]!, 503);
  const upTo = (await rows.load(AOR)).subscriptions!['w']!.at;
  const gone = { subscriptionId: 'w', cause: 'failed', upTo, grantedUntilMs: clock.nowMs() } as const;
  await append({ type: 'SubscriptionRemoved', data: gone });
  await rest();
  await watch('v');
  await rest();
  answer(sent[1]!, 200);
  clock.advance(6_000);
  await rest();
  await bind('desk');
  await rest();
  expect(sent.slice(1)).toMatchObject([{ version: 0 }, { to: 'sip:v@10.9.9.9', version: 1 }]);
});

it('lets one of two routers tell: the one whose number the log has first', async () => {
  const { log, sent, router, watch, rest, bind, answer } = await newStage();
  await router(log, ONE_OF_SEVERAL);
  await router(log, ONE_OF_SEVERAL);
  await bind('phone');
  await watch('w');
  for (let n = 2; n < 8; n++) {
    await rest();
    for (const each of sent) answer(each, 200);
    await bind('phone', n);
  }
  await rest();
  const table = new Table();
  for (const each of sent) table.take(each);
  expect(table.problems).toEqual([]);
  expect(new Set(sent.map(({ version }) => version)).size).toBe(sent.length);
});

it('shows each watcher the truth in the end, whatever happens when, and however often the router dies', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.record({ kind: fc.constantFrom('bind', 'unbind'), id: fc.constantFrom('a', 'b', 'c') }),
          fc.record({ kind: fc.constantFrom('answer', 'rest', 'crash'), id: fc.constant('') }),
        ),
        { maxLength: 25 },
      ),
      async (steps) => {
        const { sent, router, watch, rest, bind, unbind, answer, rows } = await newStage();
        let life = await router();
        await bind('phone');
        await watch('w');
        let answered = 0;
        let cseq = 1;
        const answerAll = (): void => {
          while (answered < sent.length) answer(sent[answered++]!, 200);
        };
        for (const { kind, id } of steps) {
          if (kind === 'bind') await bind(id, ++cseq);
          else if (kind === 'unbind') await unbind(id);
          else if (kind === 'answer') answerAll();
          else if (kind === 'rest') await rest();
          else {
            await life.die();
            answered = sent.length;
            await rest();
            life = await router();
          }
        }
        for (let n = 0; n < 4; n++) {
          await rest();
          answerAll();
        }
        await rest();
        const table = new Table();
        for (const each of sent) table.take(each);
        const { entries } = await rows.load(AOR);
        const truth = Object.values(entries).flatMap(({ binding: live }) => (live ? [live.contact] : []));
        expect(table.problems).toEqual([]);
        expect([...table.contacts].sort()).toEqual(truth.sort());
      },
    ),
    { numRuns: 60 },
  ));

it('takes what is bound again in the same append for what goes on', async () => {
  const { sent, append, router, watch, rest, bind, answer, held, clock } = await newStage();
  await router();
  await bind('phone');
  await bind('desk');
  await watch('w');
  await rest();
  answer(sent[0]!, 200);
  await append(
    {
      type: 'AllBindingsRemoved',
      data: { cause: 'administrative', grantedUntilMs: clock.nowMs() + 300_000 },
    },
    { type: 'BindingAdded', data: binding('desk', 9, clock.nowMs() + 300_000) },
  );
  await rest();
  expect(sent[1]!.text).toMatch(/Subscription-State: active/);
  expect(sent[1]!.text).toMatch(/terminated" event="deactivated"[^<]*><uri>sip:phone@/);
  expect(await held()).toEqual(['w']);
});

it('tells who is not wanted back that it is not', async () => {
  const { sent, append, router, watch, rest, bind, answer, clock } = await newStage();
  await router();
  await bind('phone');
  await watch('w');
  await rest();
  answer(sent[0]!, 200);
  await append({ type: 'RegistrationRejected', data: { grantedUntilMs: clock.nowMs() + 300_000 } });
  await rest();
  expect(sent[1]!.text).toMatch(/Subscription-State: terminated;reason=rejected/);
  expect(sent[1]!.text).toMatch(/terminated" event="rejected"[^<]*><uri>sip:phone@/);
});

it('makes of a Contact no more than a Request-URI may say, and has who is merely removed come back', async () => {
  const { sent, append, router, watch, rest, bind, answer, clock } = await newStage();
  await router();
  await bind('phone');
  await watch('w', { contact: 'sip:w@10.9.9.9;method=INVITE;transport=tcp?Subject=x&Priority=urgent' });
  await rest();
  expect(sent[0]!.text).toMatch(/^NOTIFY sip:w@10\.9\.9\.9;transport=tcp SIP\/2\.0\r\n/);
  answer(sent[0]!, 200);
  const data = { cause: 'administrative', grantedUntilMs: clock.nowMs() + 300_000 } as const;
  await append({ type: 'RegistrationRejected', data }, { type: 'BindingAdded', data: binding('phone', 2, data.grantedUntilMs) }, { type: 'AllBindingsRemoved', data }); // prettier-ignore
  await rest();
  expect(sent[1]!.text).toMatch(/Subscription-State: terminated;reason=deactivated/);
});

it('tells nothing more to who was told of its end, while the log takes its time to say so', async () => {
  const { log, sent, router, watch, rest, bind, answer, held } = await newStage();
  let deliver = (): Promise<unknown> => Promise.resolve();
  const slow: EventLog = {
    ...log,
    append: async (stream, events, options) => {
      if (!events.some(({ type }) => type === 'SubscriptionRemoved')) return log.append(stream, events, options);
      deliver = () => log.append(stream, events, options);
      return [{ generation: 0, partition: 0, offset: 1_000 }];
    },
  }; // prettier-ignore
  await router(slow);
  await bind('phone');
  await watch('w', { grantedS: 0 });
  await rest();
  answer(sent[0]!, 200);
  await rest();
  await bind('desk');
  await rest();
  expect(sent.map(({ text }) => /^Subscription-State: (.*)\r$/m.exec(text)![1])).toEqual([
    'terminated;reason=timeout',
  ]);
  await deliver();
  await rest();
  expect([await held(), sent.length]).toEqual([[], 1]);
});

it('lets who refreshes not call back those whose way failed before their time', async () => {
  const { clock, sent, router, watch, rest, bind, answer } = await newStage();
  await router();
  await bind('phone');
  await watch('w');
  await watch('v');
  await rest();
  answer(sent.find(({ to }) => to.startsWith('sip:w'))!, 503); // prettier-ignore
  answer(sent.find(({ to }) => to.startsWith('sip:v'))!, 200); // prettier-ignore
  await rest();
  await watch('v', { cseq: 2 });
  await rest();
  const names = () => sent.map(({ to }) => to[4]).slice(2);
  expect(names()).toEqual(['v']);
  clock.advance(5_000);
  await rest();
  expect(names()).toEqual(['v', 'w']);
});

it('tells each watcher of its lapse, the later one too', async () => {
  const { clock, sent, router, watch, rest, bind, answer, held } = await newStage();
  await router();
  await bind('phone');
  await watch('a', { expiresAtMs: clock.nowMs() + 10_000 });
  await watch('b', { expiresAtMs: clock.nowMs() + 20_000 });
  await rest();
  for (const each of [...sent]) answer(each, 200);
  await rest();
  for (const [n, id] of ['a', 'b'].entries()) {
    expect(sent).toHaveLength(2 + n);
    clock.advance(10_000);
    await rest();
    expect(sent.at(-1)).toMatchObject({ to: `sip:${id}@10.9.9.9` });
    expect(sent.at(-1)!.text).toMatch(/terminated;reason=timeout/);
    answer(sent.at(-1)!, 200);
    await rest();
  }
  expect(await held()).toEqual([]);
});
