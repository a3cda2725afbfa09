// Credentials sealed with the master key and opened with it or a former one, whatever keeps the sealed bytes.
// Used by sealed-credential-store.ts and by the Cassandra adapter.
import { randomBytes } from 'node:crypto';
import type { Credential } from '../../credential-store.port.js';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { MasterKey } from './master-key.js';
import { NONCE_BYTES, seal, unseal } from './seal.js';

const CHECK_TEXT = 'clearwater';
const checkName = (keyId: string) => `key-check:${keyId}`;
const credentialName = (versionId: string) => `credential:${versionId}`;

export type SealedValue = Readonly<{ keyId: string; sealed: Uint8Array }>;
export type SealingKeys = Readonly<{
  /** Seals what is written from now on. */
  masterKey: MasterKey;
  /** Keys used before, while values sealed with them remain. */
  formerKeys?: readonly MasterKey[];
}>;

export class CredentialSealer {
  readonly #key: MasterKey;
  readonly #keys: ReadonlyMap<string, MasterKey>;

  constructor({ masterKey, formerKeys = [] }: SealingKeys) {
    this.#key = masterKey;
    this.#keys = new Map([...formerKeys, masterKey].map((key) => [key.id, key]));
  }

  /** Of the key that seals now. */
  get keyId(): string {
    return this.#key.id;
  }

  seal(versionId: string, credential: Credential): SealedValue {
    return this.#sealText(versionId, JSON.stringify(credential));
  }

  /** Throws rather than return garbage: a value that does not open is a damaged store, never an absent user. */
  open(versionId: string, value: SealedValue): Credential {
    return JSON.parse(this.#openText(versionId, value)) as Credential;
  }

  /** The same value under the present key. */
  reseal(versionId: string, value: SealedValue): SealedValue {
    return this.#sealText(versionId, this.#openText(versionId, value));
  }

  /** To be kept beside the values: tells at a start whether the key at hand is the one that sealed them. */
  checkValue(): SealedValue {
    const { id } = this.#key;
    return { keyId: id, sealed: seal(this.#key, checkName(id), CHECK_TEXT, newNonce()) };
  }

  /** Throws, naming the keys, when the store was sealed with a key that is not given. */
  verify({ keyId, sealed }: SealedValue): void {
    const key = this.#keys.get(keyId);
    if (!key) {
      throw new Error(
        `The credential store was sealed with another master key: it needs key ${keyId}, MASTER_KEY_FILE holds ` +
          `${[...this.#keys.keys()].join(', ')}. Put the right file back; credentials cannot be read without it.`,
      );
    }
    if (unseal(key, checkName(keyId), sealed) !== CHECK_TEXT) {
      throw new Error(
        `The credential store's check value for master key ${keyId} is damaged: restore it from a backup.`,
      );
    }
  }

  #sealText(versionId: string, plain: string): SealedValue {
    return { keyId: this.#key.id, sealed: seal(this.#key, credentialName(versionId), plain, newNonce()) };
  }

  #openText(versionId: string, { keyId, sealed }: SealedValue): string {
    const key = this.#keys.get(keyId);
    const plain = key && unseal(key, credentialName(versionId), sealed);
    if (plain !== undefined) return plain;
    throw new StoreUnavailable(
      `credential version ${versionId} does not open: damaged, or not where it was written`,
    );
  }
}

/** Never from a simulation's seed: a nonce used twice under one key gives both values away. */
const newNonce = (): Uint8Array => randomBytes(NONCE_BYTES);
