// LIR: which S-CSCF serves this identity? TS 29.228 §6.1.4, in its order.
import type { Body, Message } from '#libs/diameter';
import type { Subscribers } from '../assignments.js';
import { hasUnregisteredServices } from '../user-data.js';
import { base, capabilities, experimental } from './answers.js';

const REGISTRATION_AND_CAPABILITIES = 2;

export const locationInfo = (subscribers: Subscribers, { avps }: Message): Body => {
  const subscriber = subscribers.byImpu(avps.get('Public-Identity') ?? '');
  if (!subscriber) return experimental('DIAMETER_ERROR_USER_UNKNOWN');
  if (avps.get('User-Authorization-Type') === REGISTRATION_AND_CAPABILITIES)
    return { ...base('DIAMETER_SUCCESS'), ...capabilities(subscriber) };
  const { serverName } = subscribers.assignment(subscriber);
  if (serverName !== undefined) return { ...base('DIAMETER_SUCCESS'), 'Server-Name': serverName };
  // A caller that is not registered has services when it calls, too (Originating-Request).
  const isServed = hasUnregisteredServices(subscriber) || avps.has('Originating-Request');
  return isServed
    ? { ...experimental('DIAMETER_UNREGISTERED_SERVICE'), ...capabilities(subscriber) }
    : experimental('DIAMETER_ERROR_IDENTITY_NOT_REGISTERED');
};
