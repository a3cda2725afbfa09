// What an implicit registration set lets be done to it, and that a repeated command changes nothing.
import { CommandRejected, fold } from '#libs/decider';
import { recordedFrom, specFor } from '#libs/testkit';
import fc from 'fast-check';
import {
  PRIVATE_IDENTITIES_MAX,
  PUBLIC_IDENTITIES_MAX,
  SERVICE_PROFILES_MAX,
  subscriber,
  type SubscriberCommand,
} from './subscriber.decide.js';
import { profileHolding, publicIdsOf, type SubscriberEvent } from './subscriber.js';

const given = specFor(subscriber);

const [ALICE, BOB] = ['sip:alice@ims.test', 'sip:bob@ims.test'] as const;
const identity = (impu: string, barred = false) => ({
  impu,
  xml: `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`,
  barred,
});
const created: SubscriberEvent = { type: 'SubscriberCreated', data: { irs: 'i' } };
const profile = (serviceProfile: string): SubscriberEvent => ({
  type: 'ServiceProfileAdded',
  data: { serviceProfile },
});
const assigned = (serviceProfile: string, impu: string): SubscriberEvent => ({
  type: 'PublicIdentityAssigned',
  data: { serviceProfile, ...identity(impu) },
});
const linked = (impi: string): SubscriberEvent => ({ type: 'PrivateIdentityLinked', data: { impi } });
const served = [created, profile('p'), profile('q'), assigned('p', ALICE), linked('alice@ims.test')] as const;

const assign = (serviceProfile: string, impu: string, barred = false): SubscriberCommand => ({
  type: 'AssignPublicIdentity',
  data: { serviceProfile, ...identity(impu, barred) },
});
const remove = (serviceProfile: string, impu: string): SubscriberCommand => ({
  type: 'RemovePublicIdentity',
  data: { serviceProfile, impu },
});
const create: SubscriberCommand = { type: 'CreateSubscriber', data: { irs: 'i' } };
const deletion: SubscriberCommand = { type: 'DeleteSubscriber', data: {} };

describe('a set', () => {
  it('is created once', () => {
    given().when(create).then(created);
    given(created).when(create).thenNothing();
  });

  it('does nothing before it is created nor after it is deleted', () => {
    const deleted: SubscriberEvent = {
      type: 'SubscriberDeleted',
      data: { publicIdentities: [ALICE], privateIdentities: ['alice@ims.test'] },
    };
    const others: readonly SubscriberCommand[] = [
      { type: 'AddServiceProfile', data: { serviceProfile: 'p' } },
      { type: 'LinkPrivateIdentity', data: { impi: 'x' } },
      assign('p', ALICE),
      deletion,
    ];
    for (const command of others) {
      given().when(command).thenRefused('UnknownSubscriber');
      given(...served, deleted)
        .when(command)
        .thenRefused('UnknownSubscriber');
    }
    given(...served, deleted)
      .when(create)
      .then(created);
  });

  it('names what went with it', () => {
    given(...served)
      .when(deletion)
      .then({
        type: 'SubscriberDeleted',
        data: { publicIdentities: [ALICE], privateIdentities: ['alice@ims.test'] },
      });
  });
});

describe('a service profile', () => {
  it('is added once, up to the limit', () => {
    const add: SubscriberCommand = { type: 'AddServiceProfile', data: { serviceProfile: 'p' } };
    given(created).when(add).then(profile('p'));
    given(created, profile('p')).when(add).thenNothing();
    const full = Array.from({ length: SERVICE_PROFILES_MAX }, (_, i) => profile(`p${i}`));
    given(created, ...full)
      .when(add)
      .thenRefused('LimitReached');
  });

  it('goes with its identities', () => {
    given(...served)
      .when({ type: 'RemoveServiceProfile', data: { serviceProfile: 'p' } })
      .then({ type: 'ServiceProfileRemoved', data: { serviceProfile: 'p', publicIdentities: [ALICE] } });
    given(...served)
      .when({ type: 'RemoveServiceProfile', data: { serviceProfile: 'p' } })
      .thenState((state) => expect(publicIdsOf(state)).toEqual([]));
    given(...served)
      .when({ type: 'RemoveServiceProfile', data: { serviceProfile: 'x' } })
      .thenRefused('UnknownServiceProfile');
  });

  it('takes filter criteria, the same ones once', () => {
    const change = {
      type: 'FilterCriteriaChanged',
      data: { serviceProfile: 'p', xml: '<ServiceProfile/>' },
    } as const;
    const command = { type: 'ChangeFilterCriteria', data: change.data } as const;
    given(...served)
      .when(command)
      .then(change);
    given(...served, change)
      .when(command)
      .thenNothing();
    given(created).when(command).thenRefused('UnknownServiceProfile');
  });
});

describe('a public identity', () => {
  it('is in one profile of the set', () => {
    given(...served)
      .when(assign('p', BOB))
      .then(assigned('p', BOB));
    given(...served)
      .when(assign('q', ALICE))
      .thenRefused('OtherServiceProfile');
    given(...served)
      .when(assign('x', BOB))
      .thenRefused('UnknownServiceProfile');
  });

  it('is assigned again only to be changed, and keeps its place', () => {
    given(...served)
      .when(assign('p', ALICE))
      .thenNothing();
    const barred = given(...served, assigned('p', BOB)).when(assign('p', ALICE, true));
    expect(barred.events).toHaveLength(1);
    barred.thenState((state) => {
      expect(publicIdsOf(state)).toEqual([ALICE, BOB]);
      expect(profileHolding(state, ALICE)?.publicIdentities[0]?.barred).toBe(true);
    });
  });

  it('is removed from the profile that has it', () => {
    given(...served)
      .when(remove('p', ALICE))
      .then({
        type: 'PublicIdentityRemoved',
        data: { serviceProfile: 'p', impu: ALICE },
      });
    given(...served)
      .when(remove('q', ALICE))
      .thenRefused('OtherServiceProfile');
    given(...served)
      .when(remove('p', BOB))
      .thenRefused('UnknownPublicIdentity');
    given(...served)
      .when(remove('x', ALICE))
      .thenRefused('UnknownServiceProfile');
  });

  it('is refused beyond the limit of the set; a change of one that is there is not', () => {
    const full = Array.from({ length: PUBLIC_IDENTITIES_MAX }, (_, i) => assigned('p', `sip:${i}@ims.test`));
    given(created, profile('p'), ...full)
      .when(assign('p', ALICE))
      .thenRefused('LimitReached');
    const change = given(created, profile('p'), ...full).when(assign('p', 'sip:0@ims.test', true));
    expect(change.events).toHaveLength(1);
  });
});

describe('a private identity', () => {
  it('is linked once and unlinked once', () => {
    const link: SubscriberCommand = { type: 'LinkPrivateIdentity', data: { impi: 'alice@ims.test' } };
    const unlink: SubscriberCommand = { type: 'UnlinkPrivateIdentity', data: { impi: 'alice@ims.test' } };
    given(created).when(link).then(linked('alice@ims.test'));
    given(...served)
      .when(link)
      .thenNothing();
    given(...served)
      .when(unlink)
      .then({ type: 'PrivateIdentityUnlinked', data: { impi: 'alice@ims.test' } });
    given(created).when(unlink).thenRefused('UnknownPrivateIdentity');
    const full = Array.from({ length: PRIVATE_IDENTITIES_MAX }, (_, i) => linked(`${i}@ims.test`));
    given(created, ...full)
      .when(link)
      .thenRefused('LimitReached');
  });
});

describe('any history', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const command: fc.Arbitrary<SubscriberCommand> = fc.oneof(
    fc.constant(create),
    fc.constant(deletion),
    name.map((serviceProfile) => ({ type: 'AddServiceProfile', data: { serviceProfile } }) as const),
    name.map((serviceProfile) => ({ type: 'RemoveServiceProfile', data: { serviceProfile } }) as const),
    fc.tuple(name, name, fc.boolean()).map(([p, impu, barred]) => assign(p, impu, barred)),
    fc.tuple(name, name).map(([p, impu]) => remove(p, impu)),
    fc
      .tuple(name, name)
      .map(
        ([serviceProfile, xml]) => ({ type: 'ChangeFilterCriteria', data: { serviceProfile, xml } }) as const,
      ),
    name.map((impi) => ({ type: 'LinkPrivateIdentity', data: { impi } }) as const),
    name.map((impi) => ({ type: 'UnlinkPrivateIdentity', data: { impi } }) as const),
  );
  /** Deletions of what is not there any more are refused, which also changes nothing. */
  const decided = (state: Parameters<typeof subscriber.decide>[0], next: SubscriberCommand) => {
    try {
      return subscriber.decide(state, next);
    } catch (error) {
      if (error instanceof CommandRejected) return [];
      throw error;
    }
  };

  it('holds each identity in one profile, and changes nothing when a command is repeated', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let state = subscriber.initialState;
        for (const next of commands) {
          state = fold(subscriber, state, recordedFrom(decided(state, next)));
          expect(decided(state, next)).toEqual([]);
          const impus = publicIdsOf(state);
          expect(new Set(impus).size).toBe(impus.length);
          expect(new Set(state.privateIds).size).toBe(state.privateIds.length);
        }
      }),
    );
  });
});
