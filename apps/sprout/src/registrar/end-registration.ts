// The end of a registration that its user did not ask for: by the operator, by the HSS, or because an application server that it cannot
// go on without failed (TS 24.229 §5.4.1.5, §5.4.1.7). Watchers and servers are told from the log.
// Used by third-party/server-teller.ts and the management API.
import type { ClearanceCause, RowCommand } from '#libs/domain';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { updateRegistration } from './update-registration.js';

export type RegistrationEnd = Readonly<{
  cause: Exclude<ClearanceCause, 'client'>;
  /** What Homestead is told; absent: it asked for it, and knows. */
  reqtype?: 'dereg-admin';
  /** The user is not to come back. */
  isRejected?: boolean;
}>;

/** Ends it whole. Rejects as updateRegistration does. */
export const endRegistration = async (
  ports: Pick<SproutPorts, 'log' | 'outage' | 'registrations' | 'homestead' | 'clock' | 'observer'>,
  { scscfUri, regMaxExpiresS }: Pick<SproutSettings, 'scscfUri' | 'regMaxExpiresS'>,
  aor: string,
  { cause, reqtype, isRejected = false }: RegistrationEnd,
): Promise<void> => {
  const nowMs = ports.clock.nowMs();
  const command: RowCommand = {
    type: 'RemoveAllBindings',
    data: { cause, nowMs, maxExpiresS: regMaxExpiresS, isRejected },
  };
  await updateRegistration(ports, aor, command);
  ports.observer.count('ended');
  if (reqtype === undefined) return;
  // What was registered here is over whatever Homestead says.
  await ports.homestead
    .regData(aor, { reqtype, serverName: scscfUri })
    .catch((error: unknown) => ports.observer.fault('homestead-dereg', error));
};
