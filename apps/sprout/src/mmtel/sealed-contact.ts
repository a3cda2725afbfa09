// The Contact of somebody who wants user or header privacy: the other side gets one that leads to this server, with the real one
// sealed in it, so that nothing has to be remembered (RFC 3323 §5.1). Read and written by private-dialog.ts.
import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import type { Random } from '#libs/runtime';
import { addrUri, hostPortOf, removeParam, userOf } from '#libs/sip';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const USER_PREFIX = 'anonymous.';
/** Of the URI that is sealed; a longer one is replaced by one that leads nowhere. */
const URI_LENGTH_MAX = 500;
/** Parameters that name the device. */
const TELLING_PARAMS = ['+sip.instance', 'reg-id'] as const;

export class ContactSeal {
  readonly #key: Buffer;

  /** `key`: at least 32 bytes that outlive the process; `host`: host:port by which this server is found. */
  constructor(
    key: Buffer,
    private readonly host: string,
    private readonly random: Random,
  ) {
    this.#key = Buffer.from(
      hash('sha256', Buffer.concat([key, Buffer.from('private contacts')]), 'hex'),
      'hex',
    );
  }

  /** A Contact value without a trace of who is behind it. */
  hide(contact: string): string {
    const uri = addrUri(contact);
    const bare = TELLING_PARAMS.reduce(removeParam, contact);
    const after = bare.indexOf('>');
    const user = uri.length > URI_LENGTH_MAX ? 'anonymous' : USER_PREFIX + this.#seal(uri);
    return `<sip:${user}@${this.host};transport=tcp>${after < 0 ? '' : bare.slice(after + 1)}`;
  }

  isHidden(uri: string): boolean {
    return userOf(uri).startsWith(USER_PREFIX) && hostPortOf(uri) === this.host;
  }

  /** The URI behind a hidden one; undefined: it is none of ours. */
  reveal(uri: string): string | undefined {
    return this.isHidden(uri) ? this.#open(userOf(uri).slice(USER_PREFIX.length)) : undefined;
  }

  #seal(text: string): string {
    const iv = this.random.bytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    const sealed = Buffer.concat([cipher.update(text, 'latin1'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  #open(token: string): string | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return opened.toString('latin1');
    } catch {
      return undefined;
    }
  }
}
