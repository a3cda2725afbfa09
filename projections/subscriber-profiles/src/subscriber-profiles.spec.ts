// The subscriber view: the same whatever order and how often its events come, served from one object a set, and changed for
// readers of this process by the time apply resolves.
import fc from 'fast-check';
import type { CredentialEvent, IdentityEvent, SubscriberEvent } from '#libs/domain';
import { createMemoryTableStore, StoreUnavailable } from '#libs/stores';
import { type FoldableEvent, type SubscriberProfilesRow } from './subscriber-profiles.js';
import { createSubscriberProfiles, SCAN_PAGE_MAX } from './subscriber-profiles.store.js';

type Event = SubscriberEvent | IdentityEvent | CredentialEvent;

/** A log of a few streams, as the view may ask it for what it missed. */
const createHistory = () => {
  const events: FoldableEvent[] = [];
  const append = (stream: string, ...added: readonly Event[]): FoldableEvent[] => {
    const recorded = added.map((event, i) => ({
      event,
      stream,
      position: { generation: 1, partition: 0, offset: events.length + i },
      revision: events.filter((earlier) => earlier.stream === stream).length + i + 1,
      timeMs: 1_000 + events.length + i,
    }));
    events.push(...recorded);
    return recorded;
  };
  async function* readStream(stream: string, from: number): AsyncGenerator<FoldableEvent> {
    for (const event of events) {
      if (event.stream === stream && (event.revision ?? 0) >= from) yield await Promise.resolve(event);
    }
  }
  return { events, append, readStream };
};

const element = (impu: string) => `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`;
const create = (irs: string): SubscriberEvent => ({ type: 'SubscriberCreated', data: { irs } });
const add = (serviceProfile: string): SubscriberEvent => ({
  type: 'ServiceProfileAdded',
  data: { serviceProfile },
});
const assign = (serviceProfile: string, impu: string): SubscriberEvent => ({
  type: 'PublicIdentityAssigned',
  data: { serviceProfile, impu, xml: element(impu), barred: false },
});
const link = (impi: string): SubscriberEvent => ({ type: 'PrivateIdentityLinked', data: { impi } });
const reserve = (impu: string, irs: string): IdentityEvent => ({
  type: 'IdentityReserved',
  data: { impu, irs },
});
const credentialOf = (impi: string, version: string): CredentialEvent => ({
  type: 'CredentialChanged',
  data: { impi, version, realm: 'r', algorithms: ['MD5'], plaintextKept: false },
});

const setUp = () => {
  const history = createHistory();
  const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
  return { ...history, table, profiles: createSubscriberProfiles({ table, readStream: history.readStream }) };
};

const alice = ({ append }: ReturnType<typeof createHistory>) => [
  ...append('credential-alice', credentialOf('alice', 'v1')),
  ...append('identity-sip:a', reserve('sip:a', 'i')),
  ...append('identity-tel:1', reserve('tel:1', 'i')),
  ...append('subscriber-i', create('i'), add('p'), assign('p', 'sip:a'), assign('p', 'tel:1'), link('alice')),
];

describe('a table that two processes write', () => {
  it('is read again for what the other has written first', async () => {
    const history = createHistory();
    const { readStream } = history;
    const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
    const mine = createSubscriberProfiles({ table, readStream, isShared: true });
    const theirs = createSubscriberProfiles({ table, readStream, isShared: true });
    const changedCredentials: (string | undefined)[] = [];
    mine.onCredentialChanged((impi) => void changedCredentials.push(impi));
    const first = alice(history);
    await theirs.apply(first);
    await mine.apply(first);
    expect((await mine.served('sip:a'))?.xml).not.toContain('tel:2');
    changedCredentials.length = 0;

    const more = [
      ...history.append('credential-alice', credentialOf('alice', 'v2')),
      ...history.append('identity-tel:2', reserve('tel:2', 'i')),
      ...history.append('subscriber-i', assign('p', 'tel:2')),
    ];
    await theirs.apply(more);
    await mine.apply(more);
    expect((await mine.served('sip:a'))?.xml).toContain('tel:2');
    expect((await mine.profile('i'))?.publicIds.has('tel:2')).toBe(true);
    expect(changedCredentials).toEqual(['alice']);
  });
});

describe('readers', () => {
  it('find one object by each identity, until the set changes', async () => {
    const view = setUp();
    await view.profiles.apply(alice(view));
    const found = await view.profiles.identity('sip:a');
    expect(await view.profiles.identity('tel:1')).toBe(found);
    expect(view.profiles.peekIdentity('sip:a')).toBeUndefined();
    expect(await view.profiles.served('sip:a')).toBe(found?.served);
    expect(await view.profiles.served('tel:1')).toBe(found?.served);
    expect(view.profiles.peekIdentity('sip:a')).toBe(found?.served);
    expect(found?.privateIds.has('alice')).toBe(true);
    expect(found?.served.privateIds).toEqual(['alice']);
    await view.profiles.apply(view.append('subscriber-i', assign('p', 'sip:b')));
    expect(view.profiles.peekIdentity('sip:a')).toBeUndefined();
    expect(view.profiles.peekIdentity('tel:1')).toBeUndefined();
    const next = await view.profiles.identity('sip:a');
    expect(next).not.toBe(found);
    expect(next?.version).not.toBe(found?.version);
    expect(next?.xml).toContain(element('sip:b'));
  });

  it('do not find an identity that is reserved and not yet assigned, nor one that left', async () => {
    const view = setUp();
    await view.profiles.apply(alice(view));
    await view.profiles.apply(view.append('identity-sip:b', reserve('sip:b', 'i')));
    expect(await view.profiles.identity('sip:b')).toBeUndefined();
    expect(await view.profiles.reservation('sip:b')).toBe('i');
    await view.profiles.served('sip:a');
    const data = { serviceProfile: 'p', impu: 'sip:a' };
    await view.profiles.apply(view.append('subscriber-i', { type: 'PublicIdentityRemoved', data }));
    expect(view.profiles.peekIdentity('sip:a')).toBeUndefined();
    expect(await view.profiles.identity('sip:a')).toBeUndefined();
  });

  it('find links, profiles and credentials, and lose them with the set', async () => {
    const view = setUp();
    await view.profiles.apply(alice(view));
    expect(await view.profiles.irsOfPrivate('alice')).toEqual(['i']);
    expect(await view.profiles.irsOfPrivate('ali')).toEqual([]);
    expect(await view.profiles.irsOfServiceProfile('p')).toBe('i');
    expect(await view.profiles.credential('alice')).toMatchObject({ version: 'v1' });
    const data = { publicIdentities: ['sip:a', 'tel:1'], privateIdentities: ['alice'] };
    await view.profiles.apply(view.append('subscriber-i', { type: 'SubscriberDeleted', data }));
    expect(await view.profiles.irsOfPrivate('alice')).toEqual([]);
    expect(await view.profiles.irsOfServiceProfile('p')).toBeUndefined();
    expect(await view.profiles.profile('i')).toBeUndefined();
    expect(await view.profiles.identity('sip:a')).toBeUndefined();
  });

  it('are told when the table does not answer, never that there is nobody', async () => {
    const view = setUp();
    view.table.get = () => Promise.reject(new StoreUnavailable('down'));
    await expect(view.profiles.identity('sip:a')).rejects.toThrow(StoreUnavailable);
  });

  it('page through more rows than one scan gives', async () => {
    const view = setUp();
    const events = Array.from({ length: SCAN_PAGE_MAX + 3 }, (_, i) => {
      const impu = `sip:${String(i).padStart(5, '0')}`;
      return view.append(`identity-${impu}`, reserve(impu, 'i'));
    });
    await view.profiles.apply(events.flat());
    let count = 0;
    for await (const { irs } of view.profiles.reservations()) count += irs === 'i' ? 1 : 0;
    expect(count).toBe(SCAN_PAGE_MAX + 3);
    const after: string[] = [];
    for await (const { impu } of view.profiles.reservations('sip:01000')) after.push(impu);
    expect(after).toEqual(['sip:01001', 'sip:01002']);
  });
});

describe('a read that began before a change', () => {
  it('does not put the old row into the cache', async () => {
    const view = setUp();
    await view.profiles.apply(alice(view));
    const get = view.table.get.bind(view.table);
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    view.table.get = async (key) => {
      const row = await get(key);
      if (key === 'irs/i') await held;
      return row;
    };
    const early = Promise.all([view.profiles.profile('i'), view.profiles.served('sip:a')]);
    await view.profiles.apply(view.append('subscriber-i', assign('p', 'sip:b')));
    goOn();
    await early;
    expect(view.profiles.peekIdentity('sip:a')).toBeUndefined();
    view.table.get = get;
    expect((await view.profiles.profile('i'))?.publicIds.has('sip:b')).toBe(true);
  });
});

describe('apply', () => {
  it('fills a gap from the log, and skips what it has', async () => {
    const view = setUp();
    const events = alice(view);
    await view.profiles.apply(events.slice(-1));
    expect((await view.profiles.profile('i'))?.publicIds).toEqual(new Set(['sip:a', 'tel:1']));
    await view.profiles.apply(events);
    expect((await view.profiles.profile('i'))?.version).toBe('i/5');
  });

  it('does not bring back what is gone when its first event comes again', async () => {
    const view = setUp();
    const events = alice(view);
    const data = { publicIdentities: [], privateIdentities: [] };
    await view.profiles.apply([
      ...events,
      ...view.append('subscriber-i', { type: 'SubscriberDeleted', data }),
    ]);
    for (const event of events) {
      await view.profiles.apply([event]);
      expect(await view.profiles.profile('i')).toBeUndefined();
    }
  });

  it('keeps the checkpoint, writes nothing when there is nothing new, and reports a failed write to its callers', async () => {
    const view = setUp();
    const events = alice(view);
    const last = events.at(-1)?.position;
    await view.profiles.apply(events, last);
    expect(await view.profiles.checkpoint()).toEqual(last);
    const write = view.table.apply.bind(view.table);
    view.table.apply = () => Promise.reject(new StoreUnavailable('disk'));
    await view.profiles.apply(events);
    const more = view.append('subscriber-i', assign('p', 'sip:b'));
    await expect(view.profiles.apply(more)).rejects.toThrow(StoreUnavailable);
    view.table.apply = write;
    await view.profiles.apply(more);
    expect((await view.profiles.profile('i'))?.publicIds.has('sip:b')).toBe(true);
  });

  it('serves what the table holds after a write of which nobody knows whether it happened', async () => {
    const view = setUp();
    await view.profiles.apply(alice(view));
    const told: unknown[] = [];
    view.profiles.onCredentialChanged((impi) => told.push(impi));
    await view.profiles.served('sip:a');
    const write = view.table.apply.bind(view.table);
    view.table.apply = async (changes, checkpoint) => {
      await write(changes, checkpoint);
      throw new StoreUnavailable('the worker died');
    };
    const more = [
      ...view.append('subscriber-i', assign('p', 'sip:b')),
      ...view.append('credential-alice', credentialOf('alice', 'v2')),
    ];
    await expect(view.profiles.apply(more)).rejects.toThrow(StoreUnavailable);
    expect(view.profiles.peekIdentity('sip:a')).toBeUndefined();
    expect((await view.profiles.served('sip:a'))?.xml).toContain(element('sip:b'));
    expect(told).toEqual(['alice']);
  });

  it('is empty after clear', async () => {
    const view = setUp();
    const events = alice(view);
    await view.profiles.apply(events, events.at(-1)?.position);
    await view.profiles.served('sip:a');
    await view.profiles.clear();
    expect(view.profiles.peekIdentity('sip:a')).toBeUndefined();
    expect([await view.profiles.checkpoint(), await view.profiles.identity('sip:a')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('gives the same rows for any order, batches and repetitions', async () => {
    const history = createHistory();
    const events = [
      ...alice(history),
      ...history.append('credential-alice', credentialOf('alice', 'v2')),
      ...history.append('subscriber-i', { type: 'PrivateIdentityUnlinked', data: { impi: 'alice' } }),
      ...history.append('identity-tel:1', { type: 'IdentityReleased', data: { impu: 'tel:1', irs: 'i' } }),
      ...history.append('subscriber-i', link('bob')),
    ];
    const rowsAfter = async (batches: readonly (readonly FoldableEvent[])[]) => {
      const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
      const profiles = createSubscriberProfiles({ table, readStream: history.readStream });
      await Promise.all(batches.map((batch) => profiles.apply(batch)));
      await profiles.apply(events);
      return table.scan({ limit: 1_000 });
    };
    const expected = await rowsAfter([events]);
    expect(expected.map(([key]) => key)).toEqual([
      'impi/alice',
      'impu/sip:a',
      'impu/tel:1',
      'irs/i',
      'link/bob\ni',
      'profile/p',
    ]);
    const batches = fc.array(fc.array(fc.constantFrom(...events), { maxLength: 4 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(batches, async (shuffled) => expect(await rowsAfter(shuffled)).toEqual(expected)),
    );
  });
});

describe('the cache', () => {
  it('shows what the rows say, whatever its bound, after any changes and reads', async () => {
    const [impus, sets] = [
      ['sip:a', 'sip:b'],
      ['i', 'j'],
    ] as const;
    const step = fc.record({
      what: fc.constantFrom('assign', 'remove', 'reserve', 'release', 'delete', 'read', 'early read', 'set'),
      impu: fc.constantFrom(...impus),
      irs: fc.constantFrom(...sets),
    });
    const scenario = async (
      steps: readonly { what: string; impu: string; irs: string }[],
      cacheMax: number,
    ) => {
      const { append, readStream } = createHistory();
      const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
      const cached = createSubscriberProfiles({ table, readStream, cacheMax });
      const reads: Promise<unknown>[] = [];
      for (const [n, irs] of sets.entries()) {
        const impu = impus[n] ?? '';
        await cached.apply(append(`subscriber-${irs}`, create(irs), add('p'), assign('p', impu)));
        await cached.apply(append(`identity-${impu}`, reserve(impu, irs)));
      }
      for (const { what, impu, irs } of steps) {
        const data = { serviceProfile: 'p', impu };
        const gone = { publicIdentities: [], privateIdentities: [] };
        if (what === 'read') await cached.served(impu);
        if (what === 'set') await cached.profile(irs);
        if (what === 'early read') reads.push(cached.served(impu));
        if (what === 'assign') await cached.apply(append(`subscriber-${irs}`, assign('p', impu)));
        if (what === 'remove')
          await cached.apply(append(`subscriber-${irs}`, { type: 'PublicIdentityRemoved', data }));
        if (what === 'reserve') await cached.apply(append(`identity-${impu}`, reserve(impu, irs)));
        if (what === 'release') {
          await cached.apply(append(`identity-${impu}`, { type: 'IdentityReleased', data: { impu, irs } }));
        }
        if (what === 'delete') {
          const again = [create(irs), add('p')] as const;
          await cached.apply(
            append(`subscriber-${irs}`, { type: 'SubscriberDeleted', data: gone }, ...again),
          );
        }
        const uncached = createSubscriberProfiles({ table, readStream });
        for (const one of impus) {
          const truth = await uncached.identity(one);
          const seen = cached.peekIdentity(one);
          if (seen) expect(seen).toEqual(truth?.served);
        }
      }
      await Promise.all(reads);
      const uncached = createSubscriberProfiles({ table, readStream });
      for (const one of impus) {
        const truth = await uncached.identity(one);
        expect(await cached.identity(one)).toEqual(truth);
        expect(await cached.served(one)).toEqual(truth?.served);
      }
    };
    const bound = fc.integer({ min: 1, max: 4 });
    const steps = fc.array(step, { maxLength: 30 });
    await fc.assert(fc.asyncProperty(steps, bound, scenario), { numRuns: 300 });
  });

  it('is bounded: what went is read again', async () => {
    const history = createHistory();
    const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
    const profiles = createSubscriberProfiles({ table, readStream: history.readStream, cacheMax: 1 });
    await profiles.apply(alice(history));
    for (const impu of ['sip:a', 'tel:1', 'sip:a']) {
      expect(await profiles.served(impu)).toMatchObject({ irs: 'i' });
      expect(profiles.peekIdentity(impu)).toBeDefined();
    }
    expect(profiles.peekIdentity('tel:1')).toBeUndefined();
  });
});
