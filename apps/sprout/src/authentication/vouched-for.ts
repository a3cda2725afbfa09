// A P-CSCF other than ours says that a REGISTER came the protected way of a user who has authenticated before (TS 24.229 §5.4.1.2.2,
// §7.2A.2): `tls-yes` over TLS, `yes` over IPsec. Its word is taken where the operator names it, and for who is registered. Reader: register.ts.
import { liveBindings } from '#libs/domain';
import type { DigestCredentials, ServerTransaction } from '#libs/sip';
import type { SproutPorts, SproutSettings } from '../ports.js';

type Claimed = Readonly<{ impi: string; impu: string }>;

/** Our own edge says neither: what it says is of the flow, and spares nobody the digest. */
export const isProtected = (credentials: DigestCredentials | undefined): boolean => {
  const mark = credentials?.integrityProtected?.toLowerCase();
  // With an answer to a challenge of ours there is something to verify.
  return mark === 'tls-yes' || (mark === 'yes' && (credentials?.response ?? '') === '');
};

/** Asked of what is protected. False: it is to be authenticated like any other. */
export const isVouchedFor = async (
  { ports, settings }: Readonly<{ ports: SproutPorts; settings: SproutSettings }>,
  { flow }: ServerTransaction,
  { impi, impu }: Claimed,
): Promise<boolean> => {
  if (!settings.isPcscf(flow.remoteAddress)) return false;
  const row = await ports.registrations.load(impu);
  const isRegistered = liveBindings(row, ports.clock.nowMs()).some((binding) => binding.impi === impi);
  if (isRegistered) ports.observer.count('registration-vouched-for');
  return isRegistered;
};
