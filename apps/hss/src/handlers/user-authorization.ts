// UAR: may this user register from there, and at which S-CSCF? TS 29.228 §6.1.1, in its order.
import type { Body, Message } from '#libs/diameter';
import type { Subscribers } from '../assignments.js';
import { base, capabilities, experimental } from './answers.js';

const TYPE = { REGISTRATION: 0, DE_REGISTRATION: 1, REGISTRATION_AND_CAPABILITIES: 2 } as const;

export const userAuthorization = (subscribers: Subscribers, { avps }: Message): Body => {
  const impu = avps.get('Public-Identity') ?? '';
  const subscriber = subscribers.byImpi(avps.get('User-Name') ?? '');
  const owner = subscribers.byImpu(impu);
  if (!subscriber || !owner) return experimental('DIAMETER_ERROR_USER_UNKNOWN');
  if (owner !== subscriber) return experimental('DIAMETER_ERROR_IDENTITIES_DONT_MATCH');
  if (subscriber.impus.every((one) => subscriber.barred.has(one)))
    return base('DIAMETER_AUTHORIZATION_REJECTED');
  const type = avps.get('User-Authorization-Type') ?? TYPE.REGISTRATION;
  const visited = avps.get('Visited-Network-Identifier')?.toString('utf8') ?? '';
  const { visitedNetworks } = subscriber;
  if (type !== TYPE.DE_REGISTRATION && visitedNetworks && !visitedNetworks.has(visited))
    return experimental('DIAMETER_ERROR_ROAMING_NOT_ALLOWED');
  if (type === TYPE.REGISTRATION_AND_CAPABILITIES)
    return { ...base('DIAMETER_SUCCESS'), ...capabilities(subscriber) };
  const { state, serverName } = subscribers.assignment(subscriber);
  if (serverName !== undefined) {
    const known =
      type === TYPE.DE_REGISTRATION
        ? base('DIAMETER_SUCCESS')
        : experimental('DIAMETER_SUBSEQUENT_REGISTRATION');
    return { ...known, 'Server-Name': serverName };
  }
  if (type === TYPE.DE_REGISTRATION && state === 'not-registered')
    return experimental('DIAMETER_ERROR_IDENTITY_NOT_REGISTERED');
  return { ...experimental('DIAMETER_FIRST_REGISTRATION'), ...capabilities(subscriber) };
};
