// A P-CSCF other than ours says that a REGISTER came the protected way of a user who has authenticated before (TS 24.229 §5.4.1.2.2,
// §7.2A.2): `tls-yes` over TLS, `yes` over IPsec. Its word is taken where the operator names it, and for who is registered. Reader: register.ts.
import { liveBindings } from '#libs/domain';
import { type DigestCredentials, H, type ServerTransaction, type SipMessage } from '#libs/sip';
import type { SproutPorts, SproutSettings } from '../ports.js';

type Claimed = Readonly<{ impi: string; impu: string }>;

/**
 * The credentials without a mark that nobody can vouch for. A UE sends one Authorization (TS 24.229 §5.1.1.2); of several a P-CSCF may have read and
 * marked the first, and the client have written the mark into the one that is for this realm.
 */
export const withoutDoubtfulMark = (
  request: SipMessage,
  credentials: DigestCredentials | undefined,
): DigestCredentials | undefined => {
  if (credentials?.integrityProtected === undefined) return credentials;
  const isOnly = request.findLine(H.Authorization, request.findLine(H.Authorization) + 1) < 0;
  return isOnly ? credentials : { ...credentials, integrityProtected: undefined };
};

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
