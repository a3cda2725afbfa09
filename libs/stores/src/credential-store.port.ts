// Secrets, encrypted at rest with the master key, keyed by version id. Events name versions, never secrets.
// A secret is written here before the event that names it. What is named no longer is retired: kept for CREDENTIAL_KEPT_DAYS, since a log
// that is gone back to names it again, and then swept (retired-credentials.ts). Nobody authenticates by it: the log names the version in force.

/** What digest authentication of one private identity needs. Hex HA1s (RFC 7616 §3.4.2, RFC 8760). */
export type DigestCredential = Readonly<{
  kind: 'digest';
  impi: string;
  realm: string;
  ha1Md5: string;
  ha1Sha256?: string;
  /** Kept only when the operator asked for it (STORE_PLAINTEXT_PASSWORDS=1). */
  plaintextPassword?: string;
}>;

/** What a SIM has of one private identity (TS 33.102, Milenage): hexadecimal. */
export type AkaCredential = Readonly<{
  kind: 'aka';
  impi: string;
  realm: string;
  k: string;
  opc: string;
  amf: string;
  /** Where its sequence numbers begin: none is given out that is not above. */
  sqn: number;
}>;
export type SubscriberCredential = DigestCredential | AkaCredential;

/** What opens an account of the portal: the hash of its password, with its parameters (PHC string, Argon2id). */
export type PasswordCredential = Readonly<{ kind: 'password'; account: string; hash: string }>;

export type Credential = SubscriberCredential | PasswordCredential;

/** Of a version that a private identity names; undefined: it is none. */
export const ofSubscriber = (credential: Credential | undefined): SubscriberCredential | undefined =>
  credential === undefined || credential.kind === 'password' ? undefined : credential;

export interface CredentialStore {
  /** Durable when it resolves. Writing a version twice with other content is a defect. */
  put(versionId: string, credential: Credential): Promise<void>;
  get(versionId: string): Promise<Credential | undefined>;
  /** The number that was written last beside a version; undefined: none was. It is no secret, and is not sealed. */
  sequence(versionId: string): Promise<number | undefined>;
  /** Writes it where it still is `from`. False: somebody was first. Durable when it resolves. */
  advanceSequence(versionId: string, from: number | undefined, to: number): Promise<boolean>;
  /** All version ids with their age, for the sweep. */
  versions(): AsyncIterable<Readonly<{ versionId: string; writtenAtMs: number }>>;
  /** No event names it any more: notes when. The latest time counts. What is kept stays readable. Durable when it resolves. */
  retire(versionId: string): Promise<void>;
  /** All version ids that were retired and not removed since. */
  retired(): AsyncIterable<Readonly<{ versionId: string; retiredAtMs: number }>>;
  /** The secret, its number, and that it was retired. */
  remove(versionId: string): Promise<void>;
}
