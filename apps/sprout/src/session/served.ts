// The profile and registration of a user that one side of a session serves (TS 24.229 §5.4.3.2, §5.4.3.3).
import { type Binding, liveBindings, type Registration, type SessionCase } from '#libs/domain';
import { isInfrastructure } from '../faults.js';
import { matchCriteria } from './criteria.js';
import {
  backEndFault,
  refuse,
  type Served,
  type Session,
  type SessionContext,
  type Step,
} from './session.js';

export type ServedUser = Readonly<{
  served: Served;
  row: Registration;
  bindings: readonly Binding[];
}>;

/**
 * Fetches profile and bindings of `impu` and evaluates its criteria for this side.
 * Not found: 404. Barred: 403 for the caller, 404 for the callee. A back end's fault is 500 or 504.
 */
export const serve = async (
  { ports, settings, profiles }: SessionContext,
  session: Session,
  side: 'originating' | 'terminating',
  impu: string,
): Promise<Step<ServedUser>> => {
  const answer = await ports.homestead.regData(impu, { reqtype: 'call', serverName: settings.scscfUri });
  if (!answer.ok)
    return isInfrastructure(answer.failure)
      ? backEndFault(answer.failure)
      : refuse(404, 'Not Found', `${impu} is not known`);
  const profile = profiles.profile(answer.value.imsSubscriptionXml);
  if (profile === undefined) return backEndFault('unavailable');
  const own = profile.served.get(impu);
  if (own === undefined || own.barred || profile.defaultImpu === undefined)
    return side === 'originating'
      ? refuse(403, 'Forbidden', `${impu} is barred`)
      : refuse(404, 'Not Found', `${impu} is barred`);
  const row = await ports.registrations.load(profile.defaultImpu);
  const bindings = liveBindings(row, ports.outage.judgedAtMs(ports.clock.nowMs()));
  const registered = bindings.length > 0;
  const { chargingAddresses } = answer.value;
  const criteria = matchCriteria(
    session.tx.request,
    session.requestUri,
    sessionCase(side, registered),
    own.criteria,
  );
  return {
    ok: true,
    value: {
      served: { impu, aor: profile.defaultImpu, registered, criteria, ...chargingAddresses },
      row,
      bindings,
    },
  };
};

const sessionCase = (side: 'originating' | 'terminating', registered: boolean): SessionCase => {
  if (side === 'originating') return registered ? 'orig-reg' : 'orig-unreg';
  return registered ? 'term-reg' : 'term-unreg';
};
