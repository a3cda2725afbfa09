// /private/<impi>: the credential of a private identity (backend.md §3).
// The secret goes to the credential store first, under a fresh version; then the event names the version. A version that
// no event came to name, or that is named no longer, is kept for a time and swept: subscriber-process.ts.
import { sqnBytes } from '#libs/aka';
import { credentialStream } from '#libs/domain';
import { RevisionConflict } from '#libs/event-log';
import { letGo, ofSubscriber, type SubscriberCredential } from '#libs/stores';
import { revisionOf } from '#projections/subscriber-profiles';
import { onCredential } from '../execute.js';
import { checkImpi, randomUuid } from '../identities.js';
import { done, notFound, NOTHING, type Outcome, ProvisioningFault, shown } from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';
import { unlinkEverywhere } from './links.js';
import { type PrivateBody, sameSecret, secretOf } from './private-body.js';

/** Keys of a SIM are never shown. */
export type PrivateShown = Readonly<
  | { digest_ha1: string; realm: string; plaintext_password?: string }
  | { aka: { amf: string; sqn: string }; realm: string }
>;

type InForce = Readonly<{ secret: SubscriberCredential; counted: number | undefined }>;

/** The secret in force; undefined: no such private identity. A version without its secret is a fault of ours. */
const secretInForce = async (ports: ProvisioningPorts, impi: string): Promise<InForce | undefined> => {
  const version = await ports.profiles.credential(impi);
  if (!version) return undefined;
  const secret = ofSubscriber(await ports.credentials.get(version.version));
  if (secret?.kind === 'aka') return { secret, counted: await ports.credentials.sequence(version.version) };
  if (secret) return { secret, counted: undefined };
  throw new ProvisioningFault(503, 'the credential store does not have the secret in force');
};

export type PutPrivate = Readonly<{ impi: string; body: PrivateBody; ifRevision?: number }>;

/** Creates a private identity or changes its credential. A repeat changes nothing. */
export const putPrivate = async (ports: ProvisioningPorts, input: PutPrivate): Promise<Outcome> => {
  const impi = checkImpi(input.impi);
  const before = await secretInForce(ports, impi).catch(lost);
  const secret = secretOf(ports, impi, input.body, before);
  const isSame = before !== undefined && sameSecret(before.secret, secret, input.body);
  if (isSame && input.ifRevision === undefined) return done();

  return done(await nameSecret(ports, impi, secret, input.ifRevision));
};

/** Those that an HA1 is kept for: of a SIM's keys none is. */
const algorithmsOf = (secret: SubscriberCredential): readonly ('MD5' | 'SHA-256')[] => {
  if (secret.kind === 'aka') return [];
  return secret.ha1Sha256 === undefined ? ['MD5'] : ['MD5', 'SHA-256'];
};

/** Writes the secret, then the event that names it; what it replaces is let go. */
const nameSecret = async (
  ports: ProvisioningPorts,
  impi: string,
  secret: SubscriberCredential,
  expected: number | undefined,
): Promise<number> => {
  const version = randomUuid(ports.random);
  await ports.credentials.put(version, secret);
  const data = {
    impi,
    version,
    realm: secret.realm,
    algorithms: algorithmsOf(secret),
    plaintextKept: secret.kind === 'digest' && secret.plaintextPassword !== undefined,
  };
  let former: string | undefined;
  try {
    const { revision } = await onCredential(ports, impi, [{ type: 'ChangeCredential', data }], {
      ...(expected === undefined ? {} : { expected }),
      prepare: (state) => {
        former = state?.version;
        return Promise.resolve();
      },
    });
    if (former !== undefined) await letGo(ports.credentials, former, ports.credentialKeptMs);
    return revision;
  } catch (error) {
    // Certainly not named. After any other fault it may be: then the sweep decides.
    if (error instanceof RevisionConflict) await ports.credentials.remove(version);
    throw error;
  }
};

/** A secret that was lost is no reason to refuse its replacement. */
const lost = (error: unknown): undefined => {
  if (error instanceof ProvisioningFault) return undefined;
  throw error;
};

export const getPrivate = async (ports: ProvisioningPorts, impi: string): Promise<Outcome<PrivateShown>> => {
  const inForce = await secretInForce(ports, checkImpi(impi));
  if (!inForce) throw notFound('no such private identity');
  const revision = revisionOf(await ports.profiles.head(credentialStream(impi)));
  return shown(shownOf(inForce), revision);
};

const shownOf = ({ secret, counted }: InForce): PrivateShown => {
  const { realm } = secret;
  if (secret.kind === 'aka')
    return { aka: { amf: secret.amf, sqn: sqnBytes(counted ?? secret.sqn).toString('hex') }, realm };
  const { ha1Md5, plaintextPassword } = secret;
  const password = plaintextPassword === undefined ? {} : { plaintext_password: plaintextPassword };
  return { digest_ha1: ha1Md5, realm, ...password };
};

/** Removes the credential, then unlinks it everywhere: in between it authenticates nothing. */
export const deletePrivate = async (ports: ProvisioningPorts, impi: string): Promise<Outcome> => {
  const known = await ports.profiles.credential(checkImpi(impi));
  if (!known) {
    // A repeat after a crash between the two steps finishes the first request.
    await unlinkEverywhere(ports, impi);
    return NOTHING;
  }
  const { events } = await onCredential(ports, impi, [{ type: 'RemoveCredential', data: { impi } }]);
  for (const { data } of events) await letGo(ports.credentials, data.version, ports.credentialKeptMs);
  await unlinkEverywhere(ports, impi);
  return done();
};
