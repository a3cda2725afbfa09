// Requests that run at the same time, in every order that chance gives: whatever wins, nothing is left over, an identity is in
// one set only, and the view is what the log folds to.
import fc from 'fast-check';
import { CommandRejected } from '#libs/decider';
import { createMemoryLog, type EventLog, RevisionConflict } from '#libs/event-log';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, settle } from '#libs/testkit';
import type { SubscriberProfilesRow } from '#projections/subscriber-profiles';
import { ProvisioningFault } from './outcome.js';
import { createFixture, type Fixture, orphans, restarted } from './provisioning.fixture.js';

const IMPUS = ['sip:a@ims.test', 'sip:b@ims.test'] as const;
const IMPIS = ['a@ims.test', 'b@ims.test'] as const;

type Sets = readonly Readonly<{ irs: string; serviceProfile: string }>[];
type Request = Readonly<{ what: number; set: number; name: number; start: number }>;

const element = (impu: string) => `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`;

const REQUESTS: readonly ((fixture: Fixture, sets: Sets, request: Request) => Promise<unknown>)[] = [
  ({ provisioning }, sets, { set, name }) => {
    const impu = IMPUS[name] ?? '';
    return provisioning.putPublicId({ ...sets[set]!, impu, xml: element(impu) });
  },
  ({ provisioning }, sets, { set, name }) =>
    provisioning.deletePublicId({ ...sets[set]!, impu: IMPUS[name] ?? '' }),
  ({ provisioning }, sets, { set, name }) =>
    provisioning.linkPrivate({ ...sets[set]!, impi: IMPIS[name] ?? '' }),
  ({ provisioning }, sets, { set, name }) =>
    provisioning.unlinkOrNothing({ ...sets[set]!, impi: IMPIS[name] ?? '' }),
  ({ provisioning }, _sets, { set, name }) =>
    provisioning.putPrivate({ impi: IMPIS[name] ?? '', body: { plaintext_password: `p${set}` } }),
  ({ provisioning }, _sets, { name }) => provisioning.deletePrivate(IMPIS[name] ?? ''),
  ({ provisioning }, sets, { set }) => provisioning.deleteServiceProfile(sets[set]!),
  ({ provisioning }, sets, { set }) => provisioning.deleteSet(sets[set]!.irs),
];

const createSets = async ({ provisioning }: Fixture): Promise<Sets> => {
  const make = async () => {
    const irs = ((await provisioning.createSet()).location ?? '').split('/')[2] ?? '';
    const { location } = await provisioning.createServiceProfile({ irs });
    return { irs, serviceProfile: (location ?? '').split('/')[4] ?? '' };
  };
  return [await make(), await make()];
};

/** Ports whose operations take turns that the seed decides, before they happen and before they are answered. */
const createJittered = async (seed: number): Promise<Fixture> => {
  const random = createSeededRandom(seed);
  const turns = async (): Promise<void> => {
    for (let left = random.integer(4); left > 0; left--) await settle();
  };
  const jitter =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await turns();
      const result = await operation(...args);
      await turns();
      return result;
    };
  const log = await createMemoryLog({ clock: createFakeClock(), random });
  const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
  return createFixture({
    log: {
      append: jitter((...args: Parameters<EventLog['append']>) => log.append(...args)),
      read: (...args) => log.read(...args),
      readAll: (...args) => log.readAll(...args),
      subscribe: (options) => log.subscribe(options),
      close: () => log.close(),
    },
    table: {
      ...table,
      get: jitter((key: string) => table.get(key)),
      apply: jitter((...args: Parameters<typeof table.apply>) => table.apply(...args)),
    },
  });
};

const isAnswer = (error: unknown): boolean =>
  error instanceof ProvisioningFault || error instanceof CommandRejected || error instanceof RevisionConflict;

describe('requests at the same time', () => {
  it.each([
    ['of every kind', { what: fc.nat(REQUESTS.length - 1), set: fc.nat(1), name: fc.nat(1) }],
    ['for one identity', { what: fc.nat(1), set: fc.constant(0), name: fc.constant(0) }],
    ['for one identity, of two sets', { what: fc.nat(1), set: fc.nat(1), name: fc.constant(0) }],
    [
      'for one private identity',
      { what: fc.integer({ min: 2, max: 5 }), set: fc.nat(1), name: fc.constant(0) },
    ],
  ])('%s, leave nothing over', async (_kind, shape) => {
    const rounds = fc.array(
      fc.array(fc.record({ ...shape, start: fc.nat(20) }), { minLength: 2, maxLength: 8 }),
      { maxLength: 6 },
    );
    const leavesNothing = async (asked: readonly (readonly Request[])[], seed: number): Promise<void> => {
      const fixture = await createJittered(seed);
      const sets = await createSets(fixture);
      for (const round of asked) {
        const settled = await Promise.allSettled(
          round.map(async (each) => {
            for (let left = each.start; left > 0; left--) await settle();
            return REQUESTS[each.what]!(fixture, sets, each);
          }),
        );
        for (const one of settled) if (one.status === 'rejected' && !isAnswer(one.reason)) throw one.reason;
      }
      expect(await orphans(fixture)).toEqual([]);
      expect(await orphans(await restarted(fixture))).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(rounds, fc.integer(), leavesNothing), { numRuns: 150 });
  });

  it('two sets that ask for one identity: one gets it, the other 403', async () => {
    const fixture = await createFixture();
    const sets = await createSets(fixture);
    const impu = IMPUS[0];
    const put = (made: Sets[number]) =>
      fixture.provisioning.putPublicId({ ...made, impu, xml: element(impu) }).then(
        ({ status }) => status,
        (error: unknown) => (error as CommandRejected).reason,
      );
    expect((await Promise.all(sets.map(put))).sort()).toEqual([200, 'IdentityTaken']);
    expect(await orphans(fixture)).toEqual([]);
  });
});
