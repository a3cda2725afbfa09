// Homestead's answers as HTTP: status by backend.md §1.2, JSON or ClearwaterRegData as body.
// Used by the controllers; knows Fastify's reply by type only.
import type { FastifyReply } from 'fastify';
import {
  type AkaVector,
  akaVectorToJson,
  type Answer,
  assignmentToJson,
  authVectorToJson,
  type AuthVector,
  type HomesteadFailure,
  HSS_UNREACHABLE,
  type RegData,
  regDataToXml,
  type ServerAssignment,
  STATUS_OF_FAILURE,
} from '#libs/homestead-client';
import { type ErrorBody, errorBody } from '#libs/runtime';

const REASONS: Readonly<Record<HomesteadFailure, string>> = {
  'bad-request': 'takes a JSON object with reqtype, and no deregistration of who is not registered',
  forbidden: 'the subscription does not allow it',
  'not-found': 'no such identity, or the identities do not belong together',
  unavailable: 'the subscriber store does not answer',
  timeout: 'the subscriber store, or the HSS, does not answer in time',
  'hss-unreachable': 'no HSS answers',
  'hss-error': 'the HSS answered with an error of its own',
};

export const fault = (
  reply: FastifyReply,
  failure: HomesteadFailure,
  reason = REASONS[failure],
): ErrorBody => {
  const status = STATUS_OF_FAILURE[failure];
  void reply.status(status);
  return errorBody(status, reason, failure === 'hss-unreachable' ? HSS_UNREACHABLE : {});
};

const answer =
  <T, B>(toBody: (value: T, reply: FastifyReply) => B) =>
  async (reply: FastifyReply, asked: Promise<Answer<T>>): Promise<B | ErrorBody> => {
    const answered = await asked;
    return answered.ok ? toBody(answered.value, reply) : fault(reply, answered.failure);
  };

export const sendVector = answer((vector: AuthVector | AkaVector) =>
  vector.kind === 'aka' ? akaVectorToJson(vector) : authVectorToJson(vector),
);
/** It has no place for an AKA vector. */
export const sendLegacyDigest = answer((vector: AuthVector | AkaVector, reply) =>
  vector.kind === 'aka' ? fault(reply, 'not-found') : { digest_ha1: vector.ha1Md5 },
);
export const sendAssignment = answer((assignment: ServerAssignment) => assignmentToJson(assignment));
export const sendRegData = answer((regData: RegData, reply) => {
  void reply.type('application/xml; charset=utf-8');
  return regDataToXml(regData);
});
