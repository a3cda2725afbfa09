// SAR: the S-CSCF takes a user, keeps it, or lets it go, and gets the profile. TS 29.228 §6.1.2, in its order.
import { type Body, type Message, RESULT } from '#libs/diameter';
import type { Assignment, Subscribers } from '../assignments.js';
import type { Subscriber } from '../subscriber-file.js';
import { userDataOf } from '../user-data.js';
import { base, chargingInformation, experimental } from './answers.js';

/** Server-Assignment-Type, TS 29.229 §6.3.15. */
const TYPE = {
  NO_ASSIGNMENT: 0,
  REGISTRATION: 1,
  RE_REGISTRATION: 2,
  UNREGISTERED_USER: 3,
  TIMEOUT_DEREGISTRATION: 4,
  USER_DEREGISTRATION: 5,
  TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME: 6,
  USER_DEREGISTRATION_STORE_SERVER_NAME: 7,
  ADMINISTRATIVE_DEREGISTRATION: 8,
  AUTHENTICATION_FAILURE: 9,
  AUTHENTICATION_TIMEOUT: 10,
  DEREGISTRATION_TOO_MUCH_DATA: 11,
} as const;

const ALREADY_AVAILABLE = 1;

const release = (assignment: Assignment): void => {
  assignment.state = 'not-registered';
  assignment.serverName = undefined;
  assignment.isAuthenticationPending = false;
};

const found = (subscribers: Subscribers, { avps }: Message): Subscriber | Body => {
  const impi = avps.get('User-Name');
  const [impu] = avps.all('Public-Identity');
  const subscriber = impi === undefined ? subscribers.byImpu(impu ?? '') : subscribers.byImpi(impi);
  if (!subscriber) return experimental('DIAMETER_ERROR_USER_UNKNOWN');
  for (const one of avps.all('Public-Identity')) {
    const owner = subscribers.byImpu(one);
    if (!owner) return experimental('DIAMETER_ERROR_USER_UNKNOWN');
    if (owner !== subscriber) return experimental('DIAMETER_ERROR_IDENTITIES_DONT_MATCH');
  }
  return subscriber;
};

const profile = (subscriber: Subscriber, { avps }: Message): Body => ({
  ...base('DIAMETER_SUCCESS'),
  'User-Name': subscriber.impi,
  ...(avps.get('User-Data-Already-Available') === ALREADY_AVAILABLE
    ? {}
    : { 'User-Data': Buffer.from(userDataOf(subscriber)) }),
  ...chargingInformation(subscriber),
});

export const serverAssignment = (
  subscribers: Subscribers,
  request: Message,
): Body => {
  const { avps } = request;
  const subscriber = found(subscribers, request);
  if (!('impi' in subscriber)) return subscriber;
  const assignment = subscribers.assignment(subscriber);
  const serverName = avps.get('Server-Name');
  const type = avps.get('Server-Assignment-Type');
  const isOthers = assignment.serverName !== undefined && assignment.serverName !== serverName;
  const assign = (state: Assignment['state']): Body => {
    assignment.state = state;
    assignment.serverName = serverName;
    assignment.serverHost = avps.get('Origin-Host');
    assignment.serverRealm = avps.get('Origin-Realm');
    assignment.isAuthenticationPending = false;
    return profile(subscriber, request);
  };
  switch (type) {
    case TYPE.REGISTRATION:
    case TYPE.RE_REGISTRATION:
      // Only one at a time for these types (§6.1.2.1 step 3).
      if (avps.all('Public-Identity').length > 1) return { 'Result-Code': RESULT.DIAMETER_AVP_OCCURS_TOO_MANY_TIMES };
      return assign('registered');
    case TYPE.UNREGISTERED_USER:
      return assign(assignment.state === 'registered' && !isOthers ? 'registered' : 'unregistered');
    case TYPE.NO_ASSIGNMENT:
      return isOthers || assignment.serverName === undefined ? base('DIAMETER_UNABLE_TO_COMPLY') : profile(subscriber, request);
    case TYPE.TIMEOUT_DEREGISTRATION:
    case TYPE.USER_DEREGISTRATION:
    case TYPE.ADMINISTRATIVE_DEREGISTRATION:
    case TYPE.DEREGISTRATION_TOO_MUCH_DATA:
      if (isOthers) return base('DIAMETER_UNABLE_TO_COMPLY');
      release(assignment);
      return { ...base('DIAMETER_SUCCESS'), 'User-Name': subscriber.impi };
    case TYPE.TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME:
    case TYPE.USER_DEREGISTRATION_STORE_SERVER_NAME:
      if (isOthers) return base('DIAMETER_UNABLE_TO_COMPLY');
      assignment.state = 'unregistered';
      return { ...base('DIAMETER_SUCCESS'), 'User-Name': subscriber.impi };
    case TYPE.AUTHENTICATION_FAILURE:
    case TYPE.AUTHENTICATION_TIMEOUT:
      if (isOthers) return base('DIAMETER_UNABLE_TO_COMPLY');
      if (assignment.isAuthenticationPending || assignment.state === 'not-registered') release(assignment);
      return { ...base('DIAMETER_SUCCESS'), 'User-Name': subscriber.impi };
    default:
      return experimental('DIAMETER_ERROR_IN_ASSIGNMENT_TYPE');
  }
}; // prettier-ignore
