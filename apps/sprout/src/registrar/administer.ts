// What operators and the back ends do to a user's registration: end it, or tell that its identities have changed (TS 24.229 §5.4.1.5,
// §5.4.2.1.2). Watchers and application servers are told from the log. Reached by Sprout's HTTP port.
import type { SproutPorts, SproutSettings } from '../ports.js';
import { isInfrastructure } from '../faults.js';
import { ProfileCache } from '../profile-cache.js';
import { endRegistration } from './end-registration.js';
import { updateRegistration } from './update-registration.js';

export type AdministerPorts = Pick<
  SproutPorts,
  'log' | 'outage' | 'registrations' | 'homestead' | 'clock' | 'observer'
>;

export interface Administration {
  /** Ends the registration that the identity belongs to. `isRejected`: the user is not to come back. */
  end(impu: string, isRejected: boolean): Promise<'ended' | 'unknown' | 'unavailable'>;
  /** Takes the identities of a new profile over into the bindings there are. */
  change(primaryImpu: string, userDataXml: string): Promise<'changed' | 'unusable'>;
}

/** Both reject as updateRegistration does. */
export const createAdministration = (
  ports: AdministerPorts,
  settings: Pick<SproutSettings, 'scscfUri' | 'regMaxExpiresS'>,
): Administration => ({
  async end(impu, isRejected) {
    const answer = await ports.homestead.regData(impu, { reqtype: 'call', serverName: settings.scscfUri });
    if (!answer.ok) return isInfrastructure(answer.failure) ? 'unavailable' : 'unknown';
    const aor = new ProfileCache().profile(answer.value.imsSubscriptionXml)?.defaultImpu;
    if (aor === undefined) return 'unknown';
    await endRegistration(ports, settings, aor, {
      cause: 'administrative',
      reqtype: 'dereg-admin',
      isRejected,
    });
    return 'ended';
  },
  async change(primaryImpu, userDataXml) {
    const profile = new ProfileCache().profile(userDataXml);
    if (profile === undefined || !profile.identities.includes(primaryImpu)) return 'unusable';
    const data = { identities: profile.identities, nowMs: ports.clock.nowMs() };
    await updateRegistration(ports, primaryImpu, { type: 'ChangeIdentities', data });
    return 'changed';
  },
});
