// Subscriptions as entries of a registration's row: RFC 6665 §4.2.1, RFC 3680 §5.1, and the merge of docs/architecture.md §2.
import fc from 'fast-check';
import { CommandRejected, type Position, type Recorded } from '#libs/decider';
import {
  decideRow,
  evolveRegistration,
  heldSubscriptions,
  isEmptyRegistration,
  isOutdated,
  keptUntilMs,
  NO_REGISTRATION,
  pruneRegistration,
  type Registration,
  type RegistrationEvent,
  type RowCommand,
  type Subscribe,
  type Subscription,
  subscriptionEntry,
  SUBSCRIPTIONS_MAX,
} from './index.js';

const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });
const record = (offset: number, event: RegistrationEvent): Recorded<RegistrationEvent> => ({
  event,
  stream: 'registration-sip:alice@ims.test',
  position: at(offset),
});

const bound: RowCommand = {
  type: 'RegisterContacts',
  data: {
    contacts: [{ bindingId: 'phone', contact: 'sip:alice@10.0.0.1', params: '', q: 1, expiresS: 300 }],
    callId: 'r',
    cseq: 1,
    nowMs: 0,
    minExpiresS: 60,
    maxExpiresS: 300,
    shared: { path: [], impi: 'alice', impu: 'sip:alice@ims.test', identities: ['sip:alice@ims.test'] },
  },
};

const dialog = (over: Partial<Subscribe['data']['dialog']> = {}): Subscribe['data']['dialog'] => ({
  subscriptionId: 'one',
  watcher: 'sip:alice@ims.test',
  contact: 'sip:alice@10.0.0.1',
  routes: [],
  callId: 'c',
  from: '<sip:alice@ims.test>;tag=a',
  to: '<sip:alice@ims.test>',
  cseq: 1,
  ...over,
});

const subscribe = (over: Partial<Subscribe['data']> = {}): Subscribe => ({
  type: 'Subscribe',
  data: {
    isNew: true,
    nowMs: 0,
    expiresS: 300,
    minExpiresS: 60,
    maxExpiresS: 461,
    dialog: dialog(),
    ...over,
  },
});
const refresh = (over: Partial<Subscribe['data']> = {}, cseq = 2): Subscribe =>
  subscribe({ isNew: false, dialog: dialog({ cseq }), ...over });
const number = (over: Partial<Extract<RowCommand, { type: 'NumberDocument' }>['data']> = {}): RowCommand => ({
  type: 'NumberDocument',
  data: { subscriptionId: 'one', document: 'full', by: 'run', upTo: at(0), ...over },
});
const end = (upTo: number): RowCommand => ({
  type: 'EndSubscription',
  data: { subscriptionId: 'one', cause: 'failed', upTo: at(upTo) },
});

/** The row after the commands, each event at the next position. */
const given = (...commands: readonly RowCommand[]): Registration => {
  let offset = 0;
  return commands.reduce<Registration>(
    (row, command) =>
      decideRow(row, command).reduce<Registration>(
        (state, event) => evolveRegistration(state, record(offset++, event)),
        row,
      ),
    NO_REGISTRATION,
  );
};

const refusal = (row: Registration, command: RowCommand): string => {
  try {
    decideRow(row, command);
  } catch (error) {
    if (error instanceof CommandRejected) return String(error.reason);
  }
  return 'not refused';
};

describe('a SUBSCRIBE', () => {
  it('is granted what it asks for, at most what there is', () => {
    expect(decideRow(given(bound), subscribe())).toMatchObject([
      { type: 'SubscriptionAdded', data: { grantedS: 300, expiresAtMs: 300_000 } },
    ]);
    expect(decideRow(given(bound), subscribe({ expiresS: 9_999 }))).toMatchObject([
      { data: { grantedS: 461 } },
    ]);
  });

  it.each([
    ['for too short a time', given(bound), subscribe({ expiresS: 59 }), 'SubscriptionTooBrief'],
    ['where nobody is registered', NO_REGISTRATION, subscribe(), 'NotRegistered'],
    ['where everybody has lapsed', given(bound), subscribe({ nowMs: 300_000 }), 'NotRegistered'],
    ['in a dialog that there is not', given(bound), refresh(), 'NoSuchSubscription'],
    ['in a dialog of another Call-ID', given(bound, subscribe()), refresh({ dialog: dialog({ cseq: 2, callId: 'x' }) }), 'NoSuchSubscription'],
    ['in one that has lapsed', given(bound, subscribe()), refresh({ nowMs: 300_000 }), 'NoSuchSubscription'],
    ['in one whose end was told', given(bound, subscribe(), number({ ends: 'expired' })), refresh(), 'NoSuchSubscription'],
    ['in one that was ended', given(bound, subscribe(), end(1)), refresh(), 'NoSuchSubscription'],
    ['out of order', given(bound, subscribe()), refresh({}, 1), 'SubscribeOutOfOrder'],
  ])('%s is refused', (_when, row, command, reason) => expect(refusal(row, command)).toBe(reason)); // prettier-ignore

  it('may ask for the state once, and for the end, however short that is', () => {
    expect(decideRow(given(bound), subscribe({ expiresS: 0 }))).toMatchObject([{ data: { grantedS: 0 } }]);
    expect(decideRow(given(bound, subscribe()), refresh({ expiresS: 0 }))).toMatchObject([
      { type: 'SubscriptionRefreshed', data: { grantedS: 0 } },
    ]);
  });

  it('moves the contact of its dialog, and nothing else of it', () =>
    expect(
      decideRow(
        given(bound, subscribe()),
        refresh({ dialog: dialog({ cseq: 2, contact: 'sip:new', watcher: 'x', from: 'x', routes: ['x'] }) }),
      ),
    ).toMatchObject([
      { data: { contact: 'sip:new', watcher: 'sip:alice@ims.test', from: dialog().from, routes: [] } },
    ]));

  it('beyond the bound is refused, and evicts nobody', () => {
    const many = Array.from({ length: SUBSCRIPTIONS_MAX }, (_, n) =>
      subscribe({ dialog: dialog({ subscriptionId: `s${n}` }) }),
    );
    const full = given(bound, ...many);
    expect(refusal(full, subscribe())).toBe('TooManySubscriptions');
    expect(heldSubscriptions(full.subscriptions)).toHaveLength(SUBSCRIPTIONS_MAX);
    expect(decideRow(full, refresh({ dialog: dialog({ subscriptionId: 's0', cseq: 2 }) }))).toHaveLength(1);
  });

  it('that comes and goes without end is refused too, until what ended is forgotten', () => {
    let row = given(bound);
    let taken = 0;
    for (
      let offset = 10;
      refusal(row, subscribe()) === 'not refused' && taken < 1_000;
      offset += 2, taken++
    ) {
      const subscriptionId = `s${taken}`;
      const [added] = decideRow(row, subscribe({ dialog: dialog({ subscriptionId }) }));
      row = evolveRegistration(row, record(offset, added!));
      const data = { subscriptionId, cause: 'failed', upTo: at(offset) } as const;
      row = evolveRegistration(
        row,
        record(offset + 1, decideRow(row, { type: 'EndSubscription', data })[0]!),
      );
    }
    expect([taken, refusal(row, subscribe())]).toEqual([50, 'TooManySubscriptions']);
    expect(refusal(pruneRegistration(row, 360_000), subscribe({ nowMs: 0 }))).toBe('not refused');
  });
});

describe('documents of a subscription', () => {
  it('are numbered from 0, their NOTIFYs from 1', () => {
    expect(decideRow(given(bound, subscribe()), number())).toMatchObject([{ data: { version: 0, cseq: 1 } }]);
    expect(decideRow(given(bound, subscribe(), number(), refresh(), number()), number())).toMatchObject([
      { data: { version: 2, cseq: 3 } },
    ]);
  });

  it('go on where they were when the subscription is refreshed', () =>
    expect(
      subscriptionEntry(given(bound, subscribe(), number(), refresh()).subscriptions, 'one'),
    ).toMatchObject({
      subscription: { cseq: 2 },
      notified: { version: 0 },
    }));

  it('of one number are one: the first in the log', () => {
    const [first] = decideRow(given(bound, subscribe()), number({ by: 'a' }));
    const [second] = decideRow(given(bound, subscribe()), number({ by: 'b' }));
    for (const order of [
      [record(5, first!), record(6, second!)],
      [record(6, second!), record(5, first!)],
    ])
      expect(
        subscriptionEntry(order.reduce(evolveRegistration, given(bound, subscribe())).subscriptions, 'one')
          ?.notified,
      ).toMatchObject({ by: 'a', at: at(5) });
  });
});

describe('the end of a subscription', () => {
  it('spares one that was refreshed since it was judged', () => {
    const row = given(bound, subscribe(), refresh());
    expect(decideRow(row, end(1))).toEqual([]);
    expect(decideRow(row, end(2))).toMatchObject([{ type: 'SubscriptionRemoved', data: { upTo: at(2) } }]);
  });

  it('is remembered as long as an old event of it may come', () => {
    const row = given(bound, subscribe({ expiresS: 461 }), end(1));
    expect(keptUntilMs(row)).toBe(461_000 + 60_000);
    expect(pruneRegistration(row, 520_999)).toBe(row);
    expect(pruneRegistration(row, 521_000).subscriptions).toBeUndefined();
    const [added] = decideRow(given(bound), subscribe({ expiresS: 461 }));
    expect([isOutdated(added!, 520_999), isOutdated(added!, 521_000)]).toEqual([false, true]);
  });

  it('is not that of its bindings: who watches is told of a watermark first', () => {
    const cleared = {
      type: 'RemoveAllBindings',
      data: { cause: 'client', nowMs: 0, maxExpiresS: 300 },
    } as const;
    const row = given(bound, subscribe(), cleared);
    expect(heldSubscriptions(row.subscriptions)).toHaveLength(1);
    expect(isEmptyRegistration({ ...NO_REGISTRATION, subscriptions: row.subscriptions! })).toBe(false);
  });
});

// ---- The fold ----

const subscription = (subscriptionId: string, cseq: number, expiresAtMs: number): Subscription => ({
  ...dialog({ subscriptionId, cseq }),
  expiresAtMs,
  grantedS: 300,
});

const history = fc
  .array(
    fc.record({
      id: fc.constantFrom('a', 'b', '__proto__', 'toString'),
      kind: fc.constantFrom('add', 'refresh', 'notify', 'notify', 'remove', 'bind', 'clear'),
      back: fc.integer({ min: 0, max: 5 }),
      expires: fc.integer({ min: 1, max: 1000 }),
    }),
    { maxLength: 12 },
  )
  .map((steps) =>
    steps.map(({ id, kind, back, expires }, offset): Recorded<RegistrationEvent> => {
      const upTo = at(Math.max(0, offset - back));
      const common = { subscriptionId: id, grantedUntilMs: expires };
      switch (kind) {
        case 'add':
          return record(offset, { type: 'SubscriptionAdded', data: subscription(id, offset, expires) });
        case 'refresh':
          return record(offset, { type: 'SubscriptionRefreshed', data: subscription(id, offset, expires) });
        case 'notify': {
          const data = { ...common, version: back, cseq: back + 1, document: 'full', by: 'r', upTo } as const;
          return record(offset, { type: 'SubscriptionNotified', data });
        }
        case 'remove':
          return record(offset, { type: 'SubscriptionRemoved', data: { ...common, cause: 'failed', upTo } });
        case 'bind': {
          const [added] = decideRow(NO_REGISTRATION, bound);
          return record(offset, added!);
        }
        default:
          return record(offset, {
            type: 'AllBindingsRemoved',
            data: { cause: 'client', grantedUntilMs: expires },
          });
      }
    }),
  );

const foldAll = (events: readonly Recorded<RegistrationEvent>[]): Registration =>
  events.reduce(evolveRegistration, NO_REGISTRATION);

describe('the fold of subscriptions', () => {
  it('gives one row for every order of delivery, also from rows that were stored between', () =>
    fc.assert(
      fc.property(
        history.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
        ([inOrder, shuffled]) => {
          const stored = shuffled.reduce<Registration>(
            (row, event) => evolveRegistration(JSON.parse(JSON.stringify(row)) as Registration, event),
            NO_REGISTRATION,
          );
          expect(Object.entries(stored.subscriptions ?? {}).sort()).toEqual(
            Object.entries(foldAll(inOrder).subscriptions ?? {}).sort(),
          );
        },
      ),
    ));

  it('changes nothing, not even a copy, when events come again', () =>
    fc.assert(
      fc.property(
        history.chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray(events))),
        ([events, again]) => {
          const once = foldAll(events);
          expect(again.reduce(evolveRegistration, once).subscriptions).toBe(once.subscriptions);
        },
      ),
    ));

  it('leaves rows that nobody watches as they were', () =>
    expect(Object.keys(given(bound))).toEqual(['entries']));
});
