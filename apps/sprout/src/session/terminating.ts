// The I-CSCF's question and the terminating S-CSCF: who the callee is, where its devices are (TS 24.229 §5.3.2, §5.4.3.3).
import { type Binding, liveBindings, type Registration } from '#libs/domain';
import { aorOf, plainNumber, uriParam, userOf } from '#libs/sip';
import { isInfrastructure } from '../faults.js';
import { ledTo } from '../gruu/gruus.js';
import { backEndFault, refuse, type Session, type SessionContext, type Step } from './session.js';
import { serve } from './served.js';
import { type Callee, chooseTargets } from '../ringing/targets.js';

const NO_SUCH_GRUU = refuse(404, 'Not Found', 'no such device, or not any more');
const GLOBAL_NUMBER = /^\+[0-9]+$/;

/** Identities that a Request-URI may mean: itself, and for a global number written as SIP its tel form. */
const identitiesOf = (requestUri: string): readonly string[] => {
  const impu = aorOf(requestUri);
  if (impu === undefined) return [];
  const number = plainNumber(userOf(requestUri));
  const isNumber = GLOBAL_NUMBER.test(number) && uriParam(requestUri, 'user') === 'phone';
  return isNumber ? [impu, `tel:${number}`] : [impu];
};

/** DIAMETER_ERROR_IDENTITY_NOT_REGISTERED: no services while unregistered (TS 24.229 §5.3.2.1). */
const NOT_REGISTERED = 5003;

type Located = Readonly<{ impu: string; wildcard: string | undefined }>;

/** Cx location query for the first identity that exists. */
const locate = async ({ ports }: SessionContext, requestUri: string): Promise<Step<Located>> => {
  for (const impu of identitiesOf(requestUri)) {
    const answer = await ports.homestead.location(impu);
    if (answer.ok && answer.value.resultCode === NOT_REGISTERED)
      return refuse(480, 'Temporarily Unavailable', 'the HSS says that nothing serves who is not registered');
    if (answer.ok) return { ok: true, value: { impu, wildcard: answer.value.wildcardIdentity } };
    if (isInfrastructure(answer.failure)) return backEndFault(answer.failure);
  }
  return refuse(404, 'Not Found', 'no such user');
};

/** Serves the callee and starts its chain: `session.terminating`. Its devices are found with it: `session.callee`. */
export const terminate = async (context: SessionContext, session: Session): Promise<Step<void>> => {
  const gruu = context.ports.gruus.read(session.requestUri);
  if (gruu?.kind === 'forged') return NO_SUCH_GRUU;
  const located = await locate(context, gruu?.kind === 'temporary' ? gruu.impu : session.requestUri);
  if (!located.ok) return located;
  const step = await serve(context, 'terminating', located.value.impu, located.value.wildcard);
  if (!step.ok) return step;
  const { chain, row, bindings } = step.value;
  // Of a registration that is over it is nobody's any more (RFC 5627 §5.4).
  if (gruu?.kind === 'temporary' && ledTo(gruu, bindings).length === 0) return NO_SUCH_GRUU;
  session.terminating = chain;
  session.callee = calleeOf(context, session, row, bindings);
  return { ok: true, value: undefined };
};

const calleeOf = (
  { ports }: SessionContext,
  { requestUri }: Session,
  row: Registration,
  bindings: readonly Binding[],
): Callee => {
  // sips asks for a secure way to the device: a plain contact must not be used instead (RFC 5630 §5.3).
  const secure = /^sips:/i.test(requestUri);
  const reachable = secure ? bindings.filter(({ contact }) => /^sips:/i.test(contact)) : bindings;
  const gruu = ports.gruus.read(requestUri);
  // By all bindings: a flow in the clear, too, says since when its device is registered.
  const led = gruu === undefined ? reachable : ledTo(gruu, bindings).filter((one) => reachable.includes(one));
  return { targets: chooseTargets(led), row };
};

/** The callee's devices as they are now: application servers took their time. */
export const findCallee = async (context: SessionContext, session: Session): Promise<Callee> => {
  const { ports } = context;
  const row = await ports.registrations.load(session.terminating!.served.aor);
  return calleeOf(context, session, row, liveBindings(row, ports.outage.judgedAtMs(ports.clock.nowMs())));
};
