// Texts that go through hands which are not to read them, and come back: a contact, a flow token, a Call-ID of somebody who wants
// privacy (RFC 3323 §5.1: "encrypting and persisting the values in the signaling"). Nothing is remembered. Readers: bono, sprout.
import { createCipheriv, createDecipheriv, hash } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
export const SEAL_IV_BYTES = 12;
const TAG_BYTES = 16;

export class TextSeal {
  readonly #key: Buffer;

  /** `key`: at least 32 bytes that outlive the process; `purpose`: seals of another purpose do not open here. */
  constructor(key: Buffer, purpose: string) {
    this.#key = Buffer.from(hash('sha256', Buffer.concat([key, Buffer.from(purpose)]), 'hex'), 'hex');
  }

  /**
   * Fit for the user part of a URI. It opens with the same `context` only. Without `iv` the same text has the same seal within
   * one context, and another one in any other: the key of the seal draws it from both.
   */
  seal(text: string, context = '', iv = this.#ivOf(text, context)): string {
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    cipher.setAAD(Buffer.from(context, 'latin1'));
    const sealed = Buffer.concat([cipher.update(text, 'latin1'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** undefined: it was not sealed by this key, or in another context. Never throws. */
  open(token: string, context = ''): string | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length <= SEAL_IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, SEAL_IV_BYTES));
    decipher.setAAD(Buffer.from(context, 'latin1'));
    decipher.setAuthTag(bytes.subarray(SEAL_IV_BYTES, SEAL_IV_BYTES + TAG_BYTES));
    try {
      const body = bytes.subarray(SEAL_IV_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('latin1');
    } catch {
      return undefined;
    }
  }

  /** A short proof that these texts were put together here, in hexadecimal. */
  mark(texts: readonly string[]): string {
    return this.#digest(['mark', ...texts]).toString('hex', 0, MARK_BYTES);
  }

  #ivOf(text: string, context: string): Buffer {
    return this.#digest(['iv', context, text]).subarray(0, SEAL_IV_BYTES);
  }

  /** SHA-256 in SHA-256, each with the key first: what is behind cannot be lengthened by who has seen a result. */
  #digest(texts: readonly string[]): Buffer {
    const parts = texts.map((text) => `${text.length}:${text}`).join('');
    const inner = hash('sha256', Buffer.concat([this.#key, Buffer.from(parts, 'latin1')]), 'buffer');
    return hash('sha256', Buffer.concat([this.#key, inner]), 'buffer');
  }
}

const MARK_BYTES = 8;
