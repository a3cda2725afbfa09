import type { Decider } from '#libs/decider';
import { decideRegistration, type RegistrationCommand } from './registration.decide.js';
import { decideSubscription, type SubscriptionCommand } from './subscription.decide.js';
import {
  evolveRegistration,
  NO_REGISTRATION,
  type Registration,
  type RegistrationEvent,
} from './registration.js';

export * from './registration.js';
export * from './registration.decide.js';
export * from './server-news.js';
export * from './subscription.js';
export * from './subscription.decide.js';

/** Of what one row holds: bindings, and subscriptions to them. */
export type RowCommand = RegistrationCommand | SubscriptionCommand;

export const decideRow = (state: Registration, command: RowCommand): readonly RegistrationEvent[] => {
  switch (command.type) {
    case 'Subscribe':
    case 'NumberDocument':
    case 'EndSubscription':
      return decideSubscription(state, command);
    default:
      return decideRegistration(state, command);
  }
};

export const registration: Decider<Registration, RowCommand, RegistrationEvent> = {
  initialState: NO_REGISTRATION,
  decide: decideRow,
  evolve: evolveRegistration,
};
