// What the HSS tells of a set: an event when it is news, none when it is told again.
import { specFor } from '#libs/testkit';
import {
  assignment,
  type AssignmentCommand,
  type AssignmentEvent,
  type HssSubscription,
} from './assignment.js';

const SUBSCRIPTION: HssSubscription = {
  xml: '<IMSSubscription/>',
  publicIdentities: ['sip:alice@ims.test', 'tel:+1'],
  privateIdentities: ['alice@ims.test'],
  collectionFunctions: ['aaa://cdf.ims.test'],
  eventFunctions: [],
};
const receive = (over: Partial<HssSubscription> = {}): AssignmentCommand => ({
  type: 'ReceiveSubscription',
  data: { ...SUBSCRIPTION, ...over, by: 'registration' },
});
const received = {
  type: 'SubscriptionReceived',
  data: { ...SUBSCRIPTION, by: 'registration' },
} as const satisfies AssignmentEvent;
const withdrawn = {
  type: 'AssignmentWithdrawn',
  data: { reason: 'server-change', privateIdentities: ['alice@ims.test'] },
} as const;

const given = specFor(assignment);

describe('a subscription from the HSS', () => {
  it('is an event when it is new, and none when it is told again', () => {
    given().when(receive()).then(received);
    given(received).when(receive()).thenNothing();
  });

  it.each<[string, Partial<HssSubscription>]>([
    ['criteria', { xml: '<IMSSubscription> </IMSSubscription>' }],
    ['public identities', { publicIdentities: ['sip:alice@ims.test'] }],
    ['private identities', { privateIdentities: ['alice@ims.test', 'tablet@ims.test'] }],
    ['charging functions', { collectionFunctions: [] }],
    ['event charging functions', { eventFunctions: ['aaa://ecf.ims.test'] }],
  ])('is an event when it has other %s', (_what, over) => {
    given(received)
      .when(receive(over))
      .then({ ...received, data: { ...received.data, ...over } });
  });

  it('is new again after the HSS has taken the set back', () => {
    given(received).when({ type: 'WithdrawAssignment', data: withdrawn.data }).then(withdrawn);
    given(received, withdrawn).when(receive()).then(received);
  });
});
