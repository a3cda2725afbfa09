import type { Decider } from '#libs/decider';
import { decideRegistration, type RegistrationCommand } from './registration.decide.js';
import {
  evolveRegistration,
  NO_REGISTRATION,
  type Registration,
  type RegistrationEvent,
} from './registration.js';

export * from './registration.js';
export * from './registration.decide.js';

export const registration: Decider<Registration, RegistrationCommand, RegistrationEvent> = {
  initialState: NO_REGISTRATION,
  decide: decideRegistration,
  evolve: evolveRegistration,
};
