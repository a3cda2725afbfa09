// HSS: serves Cx (TS 29.228, TS 29.229) from a file of subscribers, and on command takes a registration back (RTR) or sends a profile
// again (PPR). For tests and demonstrations: states are in memory.
import { type Body, describeAvps, type DiameterNode, type Message, type Outcome, type RequestShort } from '#libs/diameter'; // prettier-ignore
import type { Random } from '#libs/runtime';
import type { Subscribers } from './assignments.js';
import { chargingInformation } from './handlers/answers.js';
import { locationInfo } from './handlers/location-info.js';
import { multimediaAuth } from './handlers/multimedia-auth.js';
import { serverAssignment } from './handlers/server-assignment.js';
import { userAuthorization } from './handlers/user-authorization.js';
import { userDataOf } from './user-data.js';

export type HssPorts = Readonly<{
  node: Pick<DiameterNode, 'handle' | 'request'>;
  subscribers: Subscribers;
  random: Pick<Random, 'bytes'>;
  /** Each request and its result: no secret is in it. */
  told?(line: Readonly<Record<string, unknown>>): void;
}>;

/** Reason-Code of Deregistration-Reason, TS 29.229 §6.3.17. */
export const REASON = { PERMANENT_TERMINATION: 0, NEW_SERVER_ASSIGNED: 1, SERVER_CHANGE: 2, REMOVE_S_CSCF: 3 } as const; // prettier-ignore
export type Reason = (typeof REASON)[keyof typeof REASON];

export interface Hss {
  /** Ends the registration of a user at its S-CSCF; without `impus` of all its identities. */
  deregister(impi: string, reason: Reason, impus?: readonly string[]): Promise<Pushed>;
  /** Sends the profile and the charging functions as they are now. */
  pushProfile(impi: string): Promise<Pushed>;
}

export type Pushed = Readonly<{ ok: true; resultCode: number }> | Readonly<{ ok: false; reason: string }>;

const pushed = (outcome: Outcome): Pushed => {
  if (outcome.kind === 'answered')
    return outcome.result
      ? { ok: true, resultCode: outcome.result.code }
      : { ok: false, reason: 'an answer without a result' };
  return {
    ok: false,
    reason: outcome.kind === 'timed-out' ? `no answer from ${outcome.peer}` : outcome.detail,
  };
};

export const createHss = ({ node, subscribers, random, told }: HssPorts): Hss => {
  const serve = (short: RequestShort, handler: (request: Message) => Body): void =>
    node.handle(short, (request, { peer }) => {
      const answer = handler(request);
      const { 'User-Name': impi, 'Public-Identity': impu } = describeAvps(request.avps);
      const result = answer['Result-Code'] ?? answer['Experimental-Result'];
      told?.({ command: short, peer, impi, impu, result });
      return answer;
    });
  serve('UAR', (request) => userAuthorization(subscribers, request));
  serve('LIR', (request) => locationInfo(subscribers, request));
  serve('MAR', (request) => multimediaAuth(subscribers, request, random));
  serve('SAR', (request) => serverAssignment(subscribers, request));

  const push = async (short: 'RTR' | 'PPR', impi: string, body: Body): Promise<Pushed> => {
    const subscriber = subscribers.byImpi(impi);
    if (!subscriber) return { ok: false, reason: `${impi} is not known` };
    const { serverHost, serverRealm, state } = subscribers.assignment(subscriber);
    if (serverHost === undefined || state === 'not-registered')
      return { ok: false, reason: `${impi} has no S-CSCF` };
    const to = { 'Destination-Host': serverHost, 'Destination-Realm': serverRealm };
    const outcome = await node.request(short, { ...to, 'User-Name': impi, ...body }, { through: [serverHost], triesMax: 1 }); // prettier-ignore
    const result = pushed(outcome);
    told?.({ command: short, peer: serverHost, impi, result: result.ok ? result.resultCode : result.reason });
    return result;
  };

  return {
    async deregister(impi, reason, impus = []) {
      const result = await push('RTR', impi, {
        'Public-Identity': impus,
        'Deregistration-Reason': { 'Reason-Code': reason },
      });
      const subscriber = subscribers.byImpi(impi);
      if (result.ok && subscriber) {
        const assignment = subscribers.assignment(subscriber);
        assignment.state = 'not-registered';
        assignment.serverName = undefined;
      }
      return result;
    },
    async pushProfile(impi) {
      const subscriber = subscribers.byImpi(impi);
      if (!subscriber) return { ok: false, reason: `${impi} is not known` };
      return push('PPR', impi, {
        'User-Data': Buffer.from(userDataOf(subscriber)),
        ...chargingInformation(subscriber),
      });
    },
  };
};
