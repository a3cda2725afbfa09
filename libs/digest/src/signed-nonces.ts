// Nonces of digest over HTTP (RFC 7616 §3.3): each says when it was given out, and is signed. Nothing is kept of who has not proved itself, and
// nodes with one key take each other's. Kept is which counts were used here, and, where there is a store, in it. Used by http-digest.ts.
import { createHmac, hkdfSync } from 'node:crypto';
import path from 'node:path';
import { type Clock, loadKeyFile, type ProcessConfig, type Random } from '#libs/runtime';
import { sameDigest } from '#libs/sip';
import type { NonceCounts } from './nonce-counts.js';

export const NONCE_LIFE_MS = 300_000;
/** Nonces that were answered right; with the oldest, all go that were given out before it. */
export const NONCES_USED_MAX = 10_000;
/** Clocks of nodes may differ by so much; beyond it they call each other's nonces stale. */
export const CLOCK_SKEW_MS_MAX = 30_000;
const SALT_LENGTH = 22; // 128 bits
const KEY_BYTES = 32;

/**
 * The key of all nodes that share MASTER_KEY_FILE, which is made when absent: derived, so that a nonce tells nothing of what seals credentials.
 * Throws with a message for the operator when the file is unfit.
 */
export const loadNonceKey = ({ masterKeyFile, dataDir }: Pick<ProcessConfig, 'masterKeyFile' | 'dataDir'>): Buffer => {
  const bytes = loadKeyFile(masterKeyFile || path.join(dataDir, 'master.key'), 'MASTER_KEY_FILE');
  return Buffer.from(hkdfSync('sha256', bytes, '', 'clearwater http digest nonce key', KEY_BYTES));
}; // prettier-ignore

export type SignedNoncesOptions = Readonly<{
  clock: Pick<Clock, 'nowMs'>;
  random: Pick<Random, 'token' | 'bytes'>;
  /** Absent: one of this process' own. */
  key?: Buffer | undefined;
  /** Where the nodes with this key count together; absent: each for itself. */
  counts?: NonceCounts | undefined;
}>;

type Used = Readonly<{ count: number; by: string }>;

export class SignedNonces {
  readonly #key: Buffer;
  /** In the order of their first use. */
  readonly #used = new Map<string, Used>();
  /** Those given out before are taken no more. */
  #fromMs: number;

  constructor(private readonly options: SignedNoncesOptions) {
    this.#key = options.key ?? options.random.bytes(KEY_BYTES);
    // Nobody remembers which of them were used before this start.
    this.#fromMs = options.counts === undefined ? options.clock.nowMs() : 0;
  }

  make(): string {
    const { clock, random } = this.options;
    const unsigned = `${Math.max(clock.nowMs(), this.#fromMs).toString(36)}.${random.token(SALT_LENGTH)}`;
    return `${unsigned}.${this.#signature(unsigned)}`;
  }

  /** Given out by a node with this key, and not too long ago. */
  isFresh(nonce: string): boolean {
    const dot = nonce.lastIndexOf('.');
    const unsigned = nonce.slice(0, Math.max(0, dot));
    if (!sameDigest(this.#signature(unsigned), nonce.slice(dot + 1))) return false;
    const atMs = givenOutMs(nonce);
    const ageMs = this.options.clock.nowMs() - atMs;
    return atMs >= this.#fromMs && ageMs < NONCE_LIFE_MS && ageMs >= -CLOCK_SKEW_MS_MAX;
  }

  /** `who` has answered it right before, here. */
  isOf(nonce: string, who: string): boolean {
    return this.#used.get(nonce)?.by === who;
  }

  /** Each nonce count once, rising. Rejects with StoreUnavailable where the counts are shared. */
  async use(nonce: string, count: number, by: string): Promise<boolean> {
    const known = this.#used.get(nonce);
    if (count <= (known?.count ?? 0)) return false;
    if (known === undefined) this.#makeRoom();
    this.#used.set(nonce, { count, by });
    return (await this.options.counts?.use(nonce, count, KEPT_S)) ?? true;
  }

  #signature(unsigned: string): string {
    return createHmac('sha256', this.#key).update(unsigned).digest('hex');
  }

  #makeRoom(): void {
    const nowMs = this.options.clock.nowMs();
    for (const nonce of this.#used.keys()) {
      const atMs = givenOutMs(nonce);
      if (this.#used.size < NONCES_USED_MAX && nowMs - atMs < NONCE_LIFE_MS) return;
      this.#used.delete(nonce);
      // What the store remembers need not be remembered here.
      if (this.options.counts === undefined) this.#fromMs = Math.max(this.#fromMs, atMs + 1);
    }
  }
}

/** As long as any node may take it. */
const KEPT_S = Math.ceil((NONCE_LIFE_MS + 2 * CLOCK_SKEW_MS_MAX) / 1_000);

const givenOutMs = (nonce: string): number => Number.parseInt(nonce, 36);
