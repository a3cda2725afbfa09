// The I-CSCF's question and the terminating S-CSCF: who the callee is, where its devices are (TS 24.229 §5.3.2, §5.4.3.3).
import type { Registration } from '#libs/domain';
import { aorOf, plainNumber, uriParam, userOf } from '#libs/sip';
import { isInfrastructure } from '../faults.js';
import { backEndFault, refuse, type Session, type SessionContext, type Step } from './session.js';
import { serve } from './served.js';
import { chooseTargets, type Target } from './targets.js';

const GLOBAL_NUMBER = /^\+[0-9]+$/;

export type Callee = Readonly<{ targets: readonly Target[]; row: Registration }>;

/** Identities that a Request-URI may mean: itself, and for a global number written as SIP its tel form. */
const identitiesOf = (requestUri: string): readonly string[] => {
  const impu = aorOf(requestUri);
  if (impu === undefined) return [];
  const number = plainNumber(userOf(requestUri));
  const isNumber = GLOBAL_NUMBER.test(number) && uriParam(requestUri, 'user') === 'phone';
  return isNumber ? [impu, `tel:${number}`] : [impu];
};

/** Cx location query for the first identity that exists. */
const locate = async ({ ports }: SessionContext, requestUri: string): Promise<Step<string>> => {
  for (const impu of identitiesOf(requestUri)) {
    const answer = await ports.homestead.location(impu);
    if (answer.ok) return { ok: true, value: impu };
    if (isInfrastructure(answer.failure)) return backEndFault(answer.failure);
  }
  return refuse(404, 'Not Found', 'no such user');
};

/** Serves the callee. On success `session.terminating` is set and there is at least one target. */
export const terminate = async (context: SessionContext, session: Session): Promise<Step<Callee>> => {
  const located = await locate(context, session.requestUri);
  if (!located.ok) return located;
  const step = await serve(context, session, 'terminating', located.value);
  if (!step.ok) return step;
  const { served, row, bindings } = step.value;
  session.terminating = served;
  // sips asks for a secure way to the device: a plain contact must not be used instead (RFC 5630 §5.3).
  const secure = /^sips:/i.test(session.requestUri);
  const targets = chooseTargets(
    secure ? bindings.filter(({ contact }) => /^sips:/i.test(contact)) : bindings,
  );
  if (targets.length === 0) return refuse(480, 'Temporarily Unavailable', 'no device is registered');
  return { ok: true, value: { targets, row } };
};
