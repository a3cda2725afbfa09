// /private/<impi>: the credential of a private identity (backend.md §3).
// The secret goes to the credential store first, under a fresh version; then the event names the version. A version that
// no event came to name, or that is named no longer, is swept: subscriber-process.ts.
import type { DigestCredential } from '#libs/stores';
import { credentialStream } from '#libs/domain';
import { RevisionConflict } from '#libs/event-log';
import { revisionOf } from '#projections/subscriber-profiles';
import { digestHashes } from '../digest.js';
import { onCredential } from '../execute.js';
import { checkImpi, randomUuid } from '../identities.js';
import { badRequest, done, notFound, NOTHING, type Outcome, ProvisioningFault, shown } from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';
import { unlinkEverywhere } from './links.js';

/** As given: exactly one of the two secrets. */
export type PrivateBody = Readonly<{ digest_ha1?: string; plaintext_password?: string; realm?: string }>;
export type PrivateShown = Readonly<{ digest_ha1: string; realm: string; plaintext_password?: string }>;

export const PASSWORD_LENGTH_MAX = 512;
export const REALM_LENGTH_MAX = 255;
const HA1 = /^[0-9a-f]{32}$/i;

const textOf = (body: Record<string, unknown>, name: string, lengthMax: number): string | undefined => {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw badRequest(`${name}: takes a text that is not empty`);
  if (value.length > lengthMax) throw badRequest(`${name}: at most ${lengthMax} characters`);
  return value;
};

/** The JSON body; 400 names what is wrong with it. */
export const readPrivateBody = (body: unknown): PrivateBody => {
  if (body === undefined || body === '') throw badRequest('empty body: takes a JSON object');
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('takes a JSON object (Content-Type: application/json)');
  }
  const fields = body as Record<string, unknown>;
  const ha1 = textOf(fields, 'digest_ha1', 32);
  const password = textOf(fields, 'plaintext_password', PASSWORD_LENGTH_MAX);
  const realm = textOf(fields, 'realm', REALM_LENGTH_MAX);
  if ((ha1 === undefined) === (password === undefined)) {
    throw badRequest('takes either digest_ha1 or plaintext_password');
  }
  if (ha1 !== undefined && !HA1.test(ha1)) throw badRequest('digest_ha1: takes 32 hexadecimal digits');
  if (realm !== undefined && /["\\\u0000-\u001f\u007f]/.test(realm)) {
    throw badRequest('realm: has a character that may not stand in a quoted string');
  }
  return {
    ...(ha1 === undefined ? {} : { digest_ha1: ha1.toLowerCase() }),
    ...(password === undefined ? {} : { plaintext_password: password }),
    ...(realm === undefined ? {} : { realm }),
  };
};

const secretOf = (ports: ProvisioningPorts, impi: string, body: PrivateBody): DigestCredential => {
  const realm = body.realm ?? ports.homeDomain;
  if (body.plaintext_password === undefined) {
    return { kind: 'digest', impi, realm, ha1Md5: body.digest_ha1 ?? '' };
  }
  // RFC 7616 §3.4.2: the user name and realm stand before the colon-separated password.
  const hashes = digestHashes(impi, realm, body.plaintext_password);
  const kept = ports.storePlaintextPasswords ? { plaintextPassword: body.plaintext_password } : {};
  return { kind: 'digest', impi, realm, ...hashes, ...kept };
};

/** The secret in force; undefined: no such private identity. A version without its secret is a fault of ours. */
const secretInForce = async (
  ports: ProvisioningPorts,
  impi: string,
): Promise<DigestCredential | undefined> => {
  const version = await ports.profiles.credential(impi);
  if (!version) return undefined;
  const secret = await ports.credentials.get(version.version);
  if (secret) return secret;
  throw new ProvisioningFault(503, 'the credential store does not have the secret in force');
};

const same = (a: DigestCredential, b: DigestCredential): boolean =>
  a.realm === b.realm &&
  a.ha1Md5 === b.ha1Md5 &&
  a.ha1Sha256 === b.ha1Sha256 &&
  a.plaintextPassword === b.plaintextPassword;

export type PutPrivate = Readonly<{ impi: string; body: PrivateBody; ifRevision?: number }>;

/** Creates a private identity or changes its credential. A repeat changes nothing. */
export const putPrivate = async (ports: ProvisioningPorts, input: PutPrivate): Promise<Outcome> => {
  const impi = checkImpi(input.impi);
  const before = await secretInForce(ports, impi).catch(lost);
  let secret = secretOf(ports, impi, input.body);
  // The same HA1 again is the same password: its SHA-256 form stays true, the password itself is blanked.
  if (before?.ha1Sha256 && before.realm === secret.realm && before.ha1Md5 === secret.ha1Md5) {
    secret = { ...secret, ha1Sha256: before.ha1Sha256 };
  }
  if (before && same(before, secret) && input.ifRevision === undefined) return done();

  return done(await nameSecret(ports, impi, secret, input.ifRevision));
};

/** Writes the secret, then the event that names it; what it replaces is forgotten. */
const nameSecret = async (
  ports: ProvisioningPorts,
  impi: string,
  secret: DigestCredential,
  expected: number | undefined,
): Promise<number> => {
  const version = randomUuid(ports.random);
  await ports.credentials.put(version, secret);
  const data = {
    impi,
    version,
    realm: secret.realm,
    algorithms: secret.ha1Sha256 === undefined ? (['MD5'] as const) : (['MD5', 'SHA-256'] as const),
    plaintextKept: secret.plaintextPassword !== undefined,
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
    if (former !== undefined) await ports.credentials.remove(former);
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
  const secret = await secretInForce(ports, checkImpi(impi));
  if (!secret) throw notFound('no such private identity');
  const password =
    secret.plaintextPassword === undefined ? {} : { plaintext_password: secret.plaintextPassword };
  const revision = revisionOf(await ports.profiles.head(credentialStream(impi)));
  return shown({ digest_ha1: secret.ha1Md5, realm: secret.realm, ...password }, revision);
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
  for (const { data } of events) await ports.credentials.remove(data.version);
  await unlinkEverywhere(ports, impi);
  return done();
};
