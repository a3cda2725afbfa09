// Nonces of the digest challenges to users of documents (RFC 7616 §3.3): signed, so that none is kept until it is used, with the
// counts that were used as long as one holds. Those of another node are stale here: the client repeats with a new one.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '#libs/runtime';

export const NONCE_LIFE_MS = 300_000;
/** Nonces in use; beyond it the oldest goes, and its client is challenged anew. */
export const NONCES_USED_MAX = 100_000;

const KEY_BYTES = 32;
const SALT_CHARACTERS = 12;

export class Nonces {
  private readonly key: Buffer;
  /** Highest count by nonce. */
  private readonly used = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.key = random.bytes(KEY_BYTES);
  }

  make(): string {
    const text = `${this.clock.nowMs().toString(36)}.${this.random.token(SALT_CHARACTERS)}`;
    return `${text}.${this.sign(text)}`;
  }

  /** Uses one count: false when the nonce is not ours or too old, or the count was used. */
  use(nonce: string, count: number): boolean {
    const [at = '', salt = '', given = '', ...rest] = nonce.split('.');
    const signature = Buffer.from(this.sign(`${at}.${salt}`));
    const presented = Buffer.from(given);
    const isOurs =
      rest.length === 0 && signature.length === presented.length && timingSafeEqual(signature, presented);
    const age = this.clock.nowMs() - parseInt(at, 36);
    if (!isOurs || !(age >= 0 && age < NONCE_LIFE_MS)) return false;
    if (count <= (this.used.get(nonce) ?? 0)) return false;
    if (!this.used.has(nonce) && this.used.size >= NONCES_USED_MAX)
      this.used.delete(this.used.keys().next().value!);
    this.used.set(nonce, count);
    return true;
  }

  private sign(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url').slice(0, 32);
  }
}
