// The profile and registration of a user that one side of a session serves (TS 24.229 §5.4.3.2, §5.4.3.3): with them its chain
// of application servers starts, and what the chain goes by is fixed.
import { type Binding, liveBindings, type Registration, type SessionCase } from '#libs/domain';
import { isInfrastructure } from '../faults.js';
import { type Chain, startChain } from '../isc/chain.js';
import type { ServedProfile } from '../profile-cache.js';
import { backEndFault, refuse, type SessionContext, type Step } from './session.js';

export type ServedUser = Readonly<{
  chain: Chain;
  row: Registration;
  bindings: readonly Binding[];
}>;

/** diverting: the callee of one session, in whose name it goes on to another target. */
export type ServedSide = 'originating' | 'terminating' | 'diverting';

/**
 * Fetches profile and bindings of `impu` and starts its chain for this side.
 * Not found: 404. Barred: 403 for the caller, 404 for the callee. A back end's fault is 500 or 504.
 */
export const serve = async (
  { ports, settings, profiles }: SessionContext,
  side: ServedSide,
  impu: string,
  wildcard?: string,
): Promise<Step<ServedUser>> => {
  const answer = await ports.homestead.regData(impu, {
    reqtype: 'call',
    serverName: settings.scscfUri,
    ...(wildcard === undefined ? {} : { wildcardIdentity: wildcard }),
  });
  if (!answer.ok)
    return isInfrastructure(answer.failure)
      ? backEndFault(answer.failure)
      : refuse(404, 'Not Found', `${impu} is not known`);
  const profile = profiles.profile(answer.value.imsSubscriptionXml);
  if (profile === undefined) return backEndFault('unavailable');
  const own: ServedProfile | undefined = profile.served.get(impu) ?? profile.wildcard(impu);
  if (own === undefined || own.barred || profile.defaultImpu === undefined)
    return side === 'terminating'
      ? refuse(404, 'Not Found', `${impu} is barred`)
      : refuse(403, 'Forbidden', `${impu} is barred`);
  const row = await ports.registrations.load(profile.defaultImpu);
  const bindings = liveBindings(row, ports.outage.judgedAtMs(ports.clock.nowMs()));
  const registered = bindings.length > 0;
  const { chargingAddresses } = answer.value;
  const served = {
    impu,
    aor: profile.defaultImpu,
    registered,
    aliases: profile.identities,
    ccf: chargingAddresses.ccf,
    ecf: chargingAddresses.ecf,
  };
  const role = side === 'terminating' ? side : 'originating';
  const chain = startChain(role, sessionCase(side, registered), served, profiles.rules(own.criteria));
  return { ok: true, value: { chain, row, bindings } };
};

const sessionCase = (side: ServedSide, registered: boolean): SessionCase => {
  switch (side) {
    case 'originating':
      return registered ? 'orig-reg' : 'orig-unreg';
    case 'terminating':
      return registered ? 'term-reg' : 'term-unreg';
    case 'diverting':
      return 'orig-cdiv';
  }
};
