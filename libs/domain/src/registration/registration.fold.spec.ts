// The fold's promises as properties (docs/architecture.md §2, merge): any order, any number of deliveries, one row.
import fc from 'fast-check';
import type { Position, Recorded } from '#libs/decider';
import {
  type Binding,
  entryOf,
  evolveRegistration,
  liveBindings,
  mergeRegistrations,
  NO_REGISTRATION,
  pruneRegistration,
  type Registration,
  type RegistrationEvent,
} from './index.js';

const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });

/** What every object of the language has, own or not. */
const OBJECT_NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'];

const binding = (bindingId: string, cseq: number, expiresAtMs: number): Binding => ({
  bindingId,
  contact: `sip:${bindingId}@10.0.0.${cseq}`,
  params: '',
  q: 1,
  callId: 'c',
  cseq,
  expiresAtMs,
  grantedS: 300,
  path: [],
  impi: 'alice@ims.test',
  impu: 'sip:alice@ims.test',
  identities: ['sip:alice@ims.test'],
});

const record = (offset: number, event: RegistrationEvent): Recorded<RegistrationEvent> => ({
  event,
  stream: 'registration-sip:alice@ims.test',
  position: at(offset),
});

/** A history as the log would hold it: offsets rise, a judged removal names a position at or before its own. */
const history = fc
  .array(
    fc.record({
      id: fc.constantFrom('a', 'b', '__proto__', 'toString', 'constructor'),
      kind: fc.constantFrom('add', 'add', 'refresh', 'remove', 'judged', 'all'),
      back: fc.integer({ min: 0, max: 5 }),
      expires: fc.integer({ min: 1, max: 1000 }),
    }),
    { maxLength: 12 },
  )
  .map((steps) =>
    steps.map(({ id, kind, back, expires }, offset) => {
      const common = { bindingId: id, contact: id, grantedUntilMs: expires };
      if (kind === 'all')
        return record(offset, {
          type: 'AllBindingsRemoved',
          data: { cause: 'client', grantedUntilMs: expires },
        });
      if (kind === 'remove')
        return record(offset, { type: 'BindingRemoved', data: { ...common, cause: 'client' } });
      if (kind === 'judged')
        return record(offset, {
          type: 'BindingRemoved',
          data: { ...common, cause: 'expired', upTo: at(Math.max(0, offset - back)) },
        });
      const type = kind === 'add' ? 'BindingAdded' : 'BindingRefreshed';
      return record(offset, { type, data: binding(id, offset, expires) });
    }),
  );

const foldAll = (events: readonly Recorded<RegistrationEvent>[]): Registration =>
  events.reduce(evolveRegistration, NO_REGISTRATION);

/** What a reader can see, without how long tombstones are kept. */
const visible = ({ entries, watermark }: Registration) => ({
  watermark: watermark?.at.offset,
  entries: Object.entries(entries)
    .map(([id, entry]) => `${id}@${entry.at.offset}:${entry.binding?.contact ?? 'gone'}`)
    .sort(),
});

describe('the registration fold', () => {
  it('gives one row for every order of delivery', () =>
    fc.assert(
      fc.property(
        history.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
        ([inOrder, shuffled]) => expect(visible(foldAll(shuffled))).toEqual(visible(foldAll(inOrder))),
      ),
    ));

  it('gives the same row when any events come again, however late', () =>
    fc.assert(
      fc.property(
        history.chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray(events))),
        ([events, again]) => {
          const once = foldAll(events);
          expect(again.reduce(evolveRegistration, once)).toEqual(once);
        },
      ),
    ));

  it('gives the same row where two parts of the events were folded apart and merged, in either order', () =>
    fc.assert(
      fc.property(
        history.chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events), fc.shuffledSubarray(events)),
        ),
        ([events, some, others]) => {
          const rest = events.filter((event) => !some.includes(event));
          const [one, other] = [foldAll(some), foldAll([...rest, ...others])];
          const stored = JSON.parse(JSON.stringify(other)) as Registration;
          expect(visible(mergeRegistrations(one, stored))).toEqual(visible(foldAll(events)));
          expect(visible(mergeRegistrations(stored, one))).toEqual(visible(foldAll(events)));
          expect(visible(mergeRegistrations(one, one))).toEqual(visible(one));
        },
      ),
    ));

  it('keeps a binding under whatever name its client gave it, from a row that was stored too', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.constantFrom(...OBJECT_NAMES), fc.string()), { maxLength: 6 }),
        (ids) => {
          const row = ids.reduce(
            (state, id, offset) =>
              evolveRegistration(
                JSON.parse(JSON.stringify(state)) as Registration,
                record(offset, { type: 'BindingAdded', data: binding(id, offset, 500) }),
              ),
            NO_REGISTRATION,
          );
          expect(liveBindings(row, 0).map(({ bindingId }) => bindingId)).toHaveLength(ids.length);
          for (const [offset, id] of ids.entries()) expect(entryOf(row, id)?.at).toEqual(at(offset));
          for (const name of OBJECT_NAMES) expect(entryOf(row, name) !== undefined).toBe(ids.includes(name));
        },
      ),
    ));

  it('keeps such a name through a watermark and the pruning of tombstones', () => {
    for (const id of OBJECT_NAMES) {
      const cleared = record(1, { type: 'AllBindingsRemoved', data: { cause: 'client', grantedUntilMs: 9 } });
      const bound = record(2, { type: 'BindingAdded', data: binding(id, 2, 900_000) });
      const gone = record(3, {
        type: 'BindingRemoved',
        data: { bindingId: 'a', contact: 'a', cause: 'client', grantedUntilMs: 9 },
      });
      const row = pruneRegistration(foldAll([bound, cleared, gone]), 100_000);
      expect(Object.keys(row.entries)).toEqual([id]);
      expect(liveBindings(row, 0)).toHaveLength(1);
    }
  });

  it('does not bring back an unbound contact when its old bind is delivered late', () => {
    const bound = record(1, { type: 'BindingAdded', data: binding('a', 1, 500) });
    const gone = record(2, {
      type: 'BindingRemoved',
      data: { bindingId: 'a', contact: 'a', cause: 'client', grantedUntilMs: 500 },
    });
    expect(liveBindings(foldAll([bound, gone, bound]), 0)).toEqual([]);
  });

  it('keeps a refresh that an expiry did not see', () => {
    const bound = record(1, { type: 'BindingAdded', data: binding('a', 1, 500) });
    const refreshed = record(2, { type: 'BindingRefreshed', data: binding('a', 2, 900) });
    const expired = record(3, {
      type: 'BindingRemoved',
      data: { bindingId: 'a', contact: 'a', cause: 'expired', upTo: at(1), grantedUntilMs: 500 },
    });
    expect(liveBindings(foldAll([bound, refreshed, expired]), 0)).toHaveLength(1);
    expect(liveBindings(foldAll([bound, expired]), 0)).toEqual([]);
  });

  it('lets the tombstone win when it judged exactly the entry that is there', () => {
    const bound = record(1, { type: 'BindingAdded', data: binding('a', 1, 500) });
    const expired = record(2, {
      type: 'BindingRemoved',
      data: { bindingId: 'a', contact: 'a', cause: 'expired', upTo: at(1), grantedUntilMs: 500 },
    });
    expect(liveBindings(foldAll([expired, bound]), 0)).toEqual([]);
  });

  it('takes away every entry at or below a watermark, seen or not', () => {
    const cleared = record(2, { type: 'AllBindingsRemoved', data: { cause: 'client', grantedUntilMs: 900 } });
    const unseen = record(1, { type: 'BindingAdded', data: binding('a', 1, 500) });
    const later = record(3, { type: 'BindingAdded', data: binding('b', 3, 900) });
    expect(liveBindings(foldAll([cleared, unseen, later]), 0).map(({ bindingId }) => bindingId)).toEqual([
      'b',
    ]);
  });
});

it('changes nothing, not even a copy, when an event comes a second time', () => {
  const added = record(1, { type: 'BindingAdded', data: binding('phone', 1, 300_000) });
  const removed = record(2, {
    type: 'BindingRemoved',
    data: { bindingId: 'desk', contact: 'sip:x', cause: 'client', grantedUntilMs: 300_000 },
  });
  const row = [added, removed].reduce(evolveRegistration, NO_REGISTRATION);
  for (const again of [added, removed]) expect(evolveRegistration(row, again)).toBe(row);
});
